// Package onnx is a small intermediate representation of ONNX graphs: a Builder that checks shapes as formulas are written,
// the Graph it yields, and the ModelProto bytes that onnxruntime loads.
//
// A Graph is a list of Nodes in topological order over typed Values; a Value knows its producer, its element type and its
// Shape, where -1 is a size known only when the graph runs. Weights are Initializers: small ones carry their bytes, large ones
// name a range of a file on disk, which onnxruntime maps in place. Groups mark node ranges that mean one thing (attention,
// group normalisation), for whoever walks the graph backwards.
//
// Nothing here runs a graph or knows a model. To support another operator, add its row to the table in infer_rules.go.
package onnx
