package api

import (
	"compress/gzip"

	"github.com/gin-gonic/gin"
)

// response is an answer on its way. Right before its head goes out, when status and headers are known, hooks may change the headers.
type response struct {
	gin.ResponseWriter
	c      *gin.Context
	hooks  []hook
	begun  bool
	raised bool // what ComfyUI raises as an exception; most of its middleware passes that by
	packer *gzip.Writer
}

// hook changes the headers of an answer; body tells whether there is one.
type hook func(w *response, body bool)

func (w *response) begin(body bool) {
	if w.begun {
		return
	}
	w.begun = true
	for _, h := range w.hooks {
		h(w, body)
	}
}

// finish sends what is left.
func (w *response) finish() error {
	w.begin(false)
	return w.endPacking()
}

func (w *response) Write(b []byte) (int, error) {
	w.begin(len(b) > 0)
	if w.packer != nil {
		return w.packer.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *response) WriteHeaderNow() {
	w.begin(false)
	w.ResponseWriter.WriteHeaderNow()
}

func (w *response) Flush() {
	w.begin(false)
	if w.packer != nil {
		_ = w.packer.Flush() // the client may be gone; the next write says so
	}
	w.ResponseWriter.Flush()
}

// raise marks an answer as one that ComfyUI raises.
func raise(c *gin.Context) {
	if w, ok := c.Writer.(*response); ok {
		w.raised = true
	}
}
