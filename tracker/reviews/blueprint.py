"""The blueprint that the pages of reviews hang on."""

from flask import Blueprint

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")
