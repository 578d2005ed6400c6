"""The blueprint that the pages of sites and those of people share: both belong to the organisation."""

from flask import Blueprint

blueprint = Blueprint("organisations", __name__)
