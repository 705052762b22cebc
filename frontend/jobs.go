package frontend

import "context"

// Jobs is what running the jobs of a queue needs of the program besides the engine.
type Jobs interface {
	// EncodePreview encodes what a node gave to graph.Progress as clients get it; pictures that need not be whole get a longer side of side pixels.
	EncodePreview(picture any, side int) (mime string, file []byte, err error)
	// WithNames makes the files that nodes save under ctx keep their names when the job is tried again.
	WithNames(ctx context.Context, n FileNames) context.Context
	// Sweep removes what saves of killed processes left unfinished, and returns how many files that were.
	Sweep() int
	// FreeModels lets go of models that are not in use.
	FreeModels()
}

// FileNames remembers the names of a job's files beyond a crash. A slot is a file by the node that saves it.
type FileNames interface {
	// Reserve takes a path for a slot; it is false where another job has it. file tells the file from others.
	Reserve(ctx context.Context, slot, path string, file uint64) (bool, error)
	// Reserved is what this or an earlier try took.
	Reserved(slot string) (path string, file uint64, ok bool)
}
