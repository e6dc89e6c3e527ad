"""Files and folders: where a name leads, what a file says about itself, and who changes it."""
