"""A fitted network as an ONNX file: normaliser, cells, head and target scale in one graph."""
