package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
)

func (h host) EncodePreview(picture any, side int) (mime string, file []byte, err error) {
	switch p := picture.(type) {
	case runtime.Preview:
		return p.Encode(side)
	case *runtime.Preview:
		return p.Encode(side)
	}
	return "", nil, fmt.Errorf("a %T is no picture", picture)
}

// abandonedAfter is how long a file that is being written may lie still; uploads and saves take seconds.
const abandonedAfter = time.Hour

func (h host) Sweep() int { return h.Runtime.Folders.Sweep(abandonedAfter) }

func (h host) FreeModels() { h.Runtime.Free() }

func (h host) WithNames(ctx context.Context, n frontend.FileNames) context.Context {
	names := &jobNames{names: n, files: map[string]int{}}
	return folder.WithNames(ctx, names.next)
}

// jobNames tells the files of a job apart by node, call and place, which are the same in every try.
type jobNames struct {
	names frontend.FileNames

	mu    sync.Mutex
	files map[string]int // saved so far, by node and call
}

func (j *jobNames) next(ctx context.Context) folder.Name {
	at := fmt.Sprintf("%s/%d", graph.NodeID(ctx), graph.CallIndex(ctx))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.files[at]++
	return jobName{j.names, fmt.Sprintf("%s/%d", at, j.files[at])}
}

type jobName struct {
	names frontend.FileNames
	slot  string
}

func (n jobName) Earlier() (string, uint64, bool) { return n.names.Reserved(n.slot) }

func (n jobName) Take(ctx context.Context, path string, file uint64) (bool, error) {
	return n.names.Reserve(ctx, n.slot, path, file)
}

func (h host) UserFolder() string { return h.Runtime.Folders.User() }
