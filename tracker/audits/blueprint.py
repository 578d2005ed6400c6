"""The blueprint that the pages of follow-up audits hang on."""

from flask import Blueprint

blueprint = Blueprint("audits", __name__, url_prefix="/audits")
