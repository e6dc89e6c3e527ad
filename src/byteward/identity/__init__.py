"""Who is asking: a credential goes in, a principal comes out. One module per kind of credential.

Start at `authenticate.py` (headers and cookies) and `secure_url.py` (signed and encrypted URLs).
"""
