"""How clients are connected: gunicorn's asgi worker, with limits, deadlines, and errors in the API's own shape."""
