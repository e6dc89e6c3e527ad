"""The numbered cases of image processing, over HTTP: from a URL to the pixels of the answer.

`cases.py` has those that one request and a look at its answer decide; `test_requests.py` has those
that need several requests, or a look of their own. A number may have several variants.

Not here: 30 points to 78; 113 for JP2 and RAW, 149 and 150, since neither format nor videos are
decoded; 165, since an encrypted PDF is a damaged one (unit/transform/engine/test_input_formats.py);
170 to 173 are in e2e/test_images.py, 169 in e2e/test_process_and_save.py.
"""
