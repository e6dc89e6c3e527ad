"""The numbered cases of the protocol's behaviour, run over HTTP; where each is tested.

A test that stands for one case has its number in its name (`test_083_…`); those below stand in
other files, because they grew out of the part that they test. Paths are relative to `tests/`.

==========  ====================================================================================
case        test
==========  ====================================================================================
9, 10       integration/http/test_api_app.py: unknown path, other method
11          conformance/api/test_uploads.py
12          integration/http/test_api_app.py: errors carry CORS headers too
13          conformance/api/test_legacy.py, browser/test_legacy_uploads.py
14, 15      integration/http/test_api_app.py: key is bound to its origins and its JWT
16 - 18     conformance/api/test_uploads.py
19          integration/http/test_api_app.py: JSON is strict and bounded
20          conformance/api/test_legacy.py
21          integration/uploads/test_basic_upload.py: default location
22          conformance/api/test_uploads.py
23          integration/uploads/test_basic_upload.py: original name
24 - 30     integration/uploads/test_basic_upload.py: query decides the path, bad query
31          integration/uploads/test_basic_upload.py: bad query
32          conformance/api/test_uploads.py; 21 digits: bad query
33 - 35     integration/uploads/test_basic_upload.py: existing path, bad query
36          integration/uploads/test_basic_upload.py: overwriting replaces
37          integration/uploads/test_basic_upload.py: metadata arrives whole
38          conformance/api/test_uploads.py; an array: bad header
39, 40      integration/uploads/test_basic_upload.py: tags are joined, bad query
41          conformance/api/test_uploads.py
42          integration/uploads/test_basic_upload.py: any content type
43          integration/uploads/test_basic_upload.py: traversal in any spelling
44, 45      conformance/api/test_uploads.py
46 - 49     integration/uploads/test_form_upload.py
50 - 55     conformance/api/test_upload_from_url.py
56          integration/uploads/test_multipart_upload.py: begin returns the file
57          integration/uploads/test_multipart_upload.py: empty file
58 - 60     integration/uploads/test_multipart_upload.py: bad begin, right code
61, 62      integration/uploads/test_multipart_upload.py: parts cover the file
63          conformance/api/test_uploads.py
64          integration/uploads/test_multipart_upload.py: part of another length
65          integration/uploads/test_multipart_upload.py: altered upload URL
66          conformance/api/test_uploads.py
67          integration/uploads/test_multipart_upload.py: racing completions
68          integration/uploads/test_multipart_upload.py: any order
69          integration/uploads/test_multipart_upload.py: with or without quotes, wrong completions
70          integration/uploads/test_multipart_upload.py: ten repeats
71          integration/uploads/test_multipart_upload.py: wrong completions, another account
72          conformance/api/test_uploads.py
73          conformance/api/test_legacy.py, browser/test_legacy_uploads.py
74 - 76     conformance/api/test_uploads.py, unit/files/test_resolution.py
77          integration/uploads/test_multipart_upload.py: bad begin, right code
78          conformance/api/test_uploads.py
79          e2e/test_main_job.py: what the client uploads comes back whole
80          browser/test_sdk_blobs.py
81          browser/test_legacy_uploads.py, conformance/api/test_legacy.py
82          conformance/api/test_upload_rules.py
83 - 93     conformance/api/test_files.py; 90, 92, 93 with the client: e2e/test_every_sdk_method.py
94 - 109    conformance/api/test_folders.py
110 - 120   conformance/api/test_folder_batches.py, test_storage_layers.py; 120 with the client:
            e2e/test_every_sdk_method.py
121 - 124   conformance/api/test_jobs.py, test_cache_reset.py
125, 126    conformance/api/test_storage_layers.py
127         conformance/api/test_upload_rules.py, test_uploads.py
128         unit/files/test_path_variables.py
129         browser/test_upload_widget.py
130         conformance/api/test_legacy.py
==========  ====================================================================================
"""
