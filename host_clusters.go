package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/weights"
)

func (h host) ListClusters() ([]frontend.Cluster, error) {
	list, err := actor.ListClusters(h.Runtime)
	if err != nil {
		return nil, err
	}
	out := make([]frontend.Cluster, len(list))
	for i, s := range list {
		out[i] = describedCluster(s)
	}
	return out, nil
}

func (h host) ShowCluster(name string) (frontend.Cluster, error) {
	s, err := actor.StatCluster(h.Runtime, name)
	return describedCluster(s), named(err)
}

func describedCluster(s actor.StoredCluster) frontend.Cluster {
	c := frontend.Cluster{
		Name: s.Name, Path: s.Path, Bytes: s.Bytes, Modified: s.Modified, Pictures: s.Pictures, Width: s.Width, Height: s.Height, Target: s.Target,
		Prompt: s.Prompt, Seed: s.Seed, Sigma: float64(s.Sigma), Family: string(s.Model.Family), Fingerprint: s.Model.Fingerprint,
	}
	if s.Problem != nil {
		c.Problem = s.Problem.Error()
	}
	return c
}

func (h host) ClusterPicture(name string, index int, as frontend.PictureFormat) ([]byte, error) {
	f, err := actor.ClusterPicture(h.Runtime, name, index)
	if err != nil {
		return nil, named(err)
	}
	return encodeAs(f, as)
}

func (h host) SetClusterTarget(ctx context.Context, name string, index int) error {
	return named(actor.SetTarget(ctx, h.Runtime, name, index))
}

// kinds are errors of the runtime and what front ends know them as.
var kinds = []struct{ is, as error }{
	{folder.ErrName, frontend.ErrName},
	{actor.ErrFile, frontend.ErrDamaged},
	{weights.ErrFormat, frontend.ErrDamaged},
	{actor.ErrPicture, fs.ErrNotExist},
}

// named makes an error of the runtime one that front ends know. The text stays.
func named(err error) error {
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return kindred{err, k.as}
		}
	}
	return err
}

// kindred is an error that wraps another one as well, with the text of the first.
type kindred struct{ err, as error }

func (k kindred) Error() string   { return k.err.Error() }
func (k kindred) Unwrap() []error { return []error{k.err, k.as} }
