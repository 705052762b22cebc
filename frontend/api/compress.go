package api

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid, so there is no error
	return z
}}

// pack compresses JSON and plain text for clients that take gzip. Files go out as they are: a part of one that was asked for must be a part.
func pack(w *response, body bool) {
	h := w.Header()
	if !body || h.Get("Content-Encoding") != "" || h.Get("Accept-Ranges") != "" || h.Get("Content-Range") != "" {
		return
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if kind != "application/json" && kind != "text/plain" || !takesGzip(w.c.Request) {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Del("Content-Length")
	w.packer = packers.Get().(*gzip.Writer)
	w.packer.Reset(w.ResponseWriter)
}

func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

func (w *response) endPacking() error {
	if w.packer == nil {
		return nil
	}
	err := w.packer.Close()
	w.packer.Reset(nil)
	packers.Put(w.packer)
	w.packer = nil
	return err
}
