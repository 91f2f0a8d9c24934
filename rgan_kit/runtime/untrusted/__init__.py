"""Reading model files that may come from anyone: what onnxruntime is never shown before it has been looked over.

From the bottom up: ``wire`` reads protobuf without trust, ``graph`` holds what is read, ``proto`` reads an ONNX file
into it, ``operators`` and ``sizes`` say what is allowed, ``files`` reads from disk, and ``safety`` looks a whole file
over.
"""
