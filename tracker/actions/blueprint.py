"""The blueprint that the pages of corrective actions hang on."""

from flask import Blueprint

blueprint = Blueprint("actions", __name__, url_prefix="/actions")
