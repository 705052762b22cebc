package frontend

// Machine tells what computes and how much memory there is.
type Machine interface {
	Stats() Stats
	// ModelPath is where a model of a folder is; the error wraps fs.ErrNotExist where there is none.
	ModelPath(key, name string) (string, error)
	// Embeddings are the names of textual inversions as prompts write them.
	Embeddings() ([]string, error)
}

// Stats of a machine. Sizes are bytes.
type Stats struct {
	MemoryTotal, MemoryFree int64
	Device                  string // cpu, or cuda:0
	DeviceName              string
	Library                 string // of what computes: "onnxruntime 1.30.0"
}
