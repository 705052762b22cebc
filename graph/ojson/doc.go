// Package ojson reads and writes JSON the way Python's json module does, and keeps what encoding/json loses: the order of keys, the
// difference between 8 and 8.0, whole numbers up to 2^64-1, NaN and Infinity.
//
// A value is one of nil, bool, int64, uint64 (only above 2^63-1), float64, string, []any and *Object. Workflows, prompts and every
// answer of the HTTP surface are such values: clients compare them as text, so the text must come out as ComfyUI's does.
//
// Strings are UTF-8 except that a lone surrogate (Python keeps "\ud800" as it is) is stored as its three generalised UTF-8 bytes
// and written as the escape again.
//
// What is left out: mapping to Go structs (encoding/json does that) and whole numbers beyond 64 bits, which become float64.
package ojson
