package runtime

import (
	"context"
	"sync"

	"github.com/oneactor/oneactor/internal/machine"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
)

// Config says where files are and what computes. The zero value uses the current directory and the best device found.
type Config struct {
	Folders *folder.Layout // nil: folder.New of the zero Config
	ORT     ort.Options
	Weights WeightsPolicy
	// ModelBytes bounds the weights of compiled models that are kept for the next use; 0 means half of the memory, or on a GPU 0.7 of its own.
	ModelBytes int64
	// Previews is how latents are shown while they are sampled; not at all where it is empty.
	Previews PreviewMethod
	// DisableMetadata keeps prompts and workflows out of saved files.
	DisableMetadata bool
}

// Runtime is the environment of nodes: folders, device, open weight files and compiled models. Two of them share nothing but
// onnxruntime's environment. It is safe for concurrent use.
type Runtime struct {
	Folders         *folder.Layout
	DisableMetadata bool

	previews PreviewMethod
	files    fileCache
	sessions sessionCache
}

// New makes a Runtime. It opens nothing: onnxruntime is looked for when the first model is needed, so a workflow that needs none runs
// without it.
func New(c Config) (*Runtime, error) {
	if c.Folders == nil {
		layout, err := folder.New(folder.Config{})
		if err != nil {
			return nil, err
		}
		c.Folders = layout
	}
	byDefault := c.ModelBytes == 0
	if byDefault {
		c.ModelBytes = machine.MemoryLimit() / 2
	}
	rt := &Runtime{Folders: c.Folders, DisableMetadata: c.DisableMetadata, previews: c.Previews}
	rt.sessions = sessionCache{
		open:   sync.OnceValues(func() (*ort.Runtime, error) { return ort.Open(c.ORT) }),
		policy: c.Weights, limit: c.ModelBytes, byDefault: byDefault, compiled: map[string]*compiled{},
	}
	return rt, nil
}

// Free lets go of compiled models that are not in use. The next use compiles them again.
func (rt *Runtime) Free() { rt.sessions.free() }

// Close frees compiled models and closes weight files.
func (rt *Runtime) Close() error {
	rt.sessions.close()
	return rt.files.close()
}

type contextKey struct{}

// With returns a context that carries rt to nodes.
func With(ctx context.Context, rt *Runtime) context.Context {
	return context.WithValue(ctx, contextKey{}, rt)
}

// FromContext is the Runtime that With put into ctx. A context without one is a mistake of the program, not of a user: it panics.
func FromContext(ctx context.Context) *Runtime {
	rt, ok := ctx.Value(contextKey{}).(*Runtime)
	if !ok {
		panic("runtime: context without Runtime; graph.Config.Bind must call runtime.With")
	}
	return rt
}
