// Package ort runs ONNX graphs on onnxruntime, whose shared library is found when the program starts.
//
// Open finds the library, starts its environment (once per process: the only global state) and returns a Runtime, which
// makes Sessions from ModelProto bytes. A Session runs with float32, float16, int64, int32 and bool tensors of the host
// and gives float32 tensors back; cancelling the context stops a run between two operators, within milliseconds.
// Results may stay in the memory of the device (Resident) and feed later runs.
// Initializers may lie in the user's files: locations of external data are paths relative to "/".
//
// This is the only package that knows onnxruntime. It knows nothing of models; runtime/onnx writes the ModelProto.
package ort
