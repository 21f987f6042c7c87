"""What the web server loads: `granian --interface wsgi wsgi:app`."""

import os

from portal import cli
from portal.app import create_app

app = create_app()
if "FLASK_RUN_FROM_CLI" not in os.environ:  # a command may meet an old database, `db upgrade` must; a server may not
    with app.app_context():
        cli.must_be_ready()
