package api

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) objectInfoRoutes(r routes) {
	r.get("/object_info", s.getObjectInfo)
	r.get("/object_info/:class", s.getClassInfo)
}

// objectInfo keeps the description of all classes until a list behind a drop-down changes.
type objectInfo struct {
	classes *graph.Registry
	choices graph.Choices

	mu     sync.Mutex
	keys   []string
	lists  map[string][]string
	body   []byte
	packed []byte // gzip of body
}

func newObjectInfo(classes *graph.Registry, choices graph.Choices) *objectInfo {
	o := &objectInfo{classes: classes, choices: choices}
	for _, class := range classes.Classes() {
		for _, in := range class.Inputs {
			if in.ChoicesKey != "" && !slices.Contains(o.keys, in.ChoicesKey) {
				o.keys = append(o.keys, in.ChoicesKey)
			}
		}
	}
	return o
}

// get returns the description as JSON, and packed. A class whose list can't be read is left out.
func (o *objectInfo) get() (body, packed []byte, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lists := make(map[string][]string, len(o.keys))
	errs := map[string]error{}
	same := o.body != nil
	for _, key := range o.keys {
		names, err := o.choices(key)
		if err != nil {
			errs[key] = err
		}
		lists[key] = names
		same = same && err == nil && slices.Equal(names, o.lists[key])
	}
	if same {
		return o.body, o.packed, nil
	}
	all := ojson.NewObject()
	for _, class := range o.classes.Classes() {
		info, err := class.ObjectInfo(func(key string) ([]string, error) { return lists[key], errs[key] })
		if err != nil {
			slog.Error("a node is not offered: a list of it can't be read", "class", class.Name, "problem", err)
			continue
		}
		all.Set(class.Name, info)
	}
	body, err = ojson.Marshal(all, ojson.Python)
	if err != nil {
		return nil, nil, err
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err = w.Write(body)
	if closed := w.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, nil, err
	}
	o.lists, o.body, o.packed = lists, body, z.Bytes()
	return o.body, o.packed, nil
}

// getObjectInfo describes all classes.
func (s *Server) getObjectInfo(c *gin.Context) error {
	body, packed, err := s.info.get()
	if err != nil {
		return err
	}
	if s.config.Compress && takesGzip(c.Request) {
		c.Header("Content-Encoding", "gzip")
		c.Header("Vary", "Accept-Encoding")
		body = packed
	}
	send(c, http.StatusOK, jsonType, body)
	return nil
}

// getClassInfo describes one class; an unknown one is an empty object.
func (s *Server) getClassInfo(c *gin.Context) error {
	out := ojson.NewObject()
	info, err := s.info.classes.ObjectInfo(c.Param("class"), s.info.choices)
	if err != nil {
		return err
	}
	if info != nil {
		out.Set(c.Param("class"), info)
	}
	return sendJSON(c, out)
}
