package actor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/weights"
)

// StoredCluster is a cluster in models/clusters. Problem says why the file cannot be used; what follows it is empty then.
type StoredCluster struct {
	Name     string // as LoadCluster wants it
	Path     string
	Bytes    int64
	Modified time.Time
	Problem  error

	Cluster       // without tensors
	Pictures      int
	Height, Width int // of a picture in pixels
}

// ListClusters reads the heads of all clusters in models/clusters.
func ListClusters(rt *runtime.Runtime) ([]StoredCluster, error) {
	names, err := rt.Folders.List("clusters")
	if err != nil {
		return nil, err
	}
	list := make([]StoredCluster, 0, len(names))
	for _, name := range names {
		s, err := StatCluster(rt, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// StatCluster reads the head of a cluster's file; the ending may be left out of its name. The error wraps fs.ErrNotExist where there is none.
func StatCluster(rt *runtime.Runtime, name string) (StoredCluster, error) {
	full, path, err := findFile(rt, "clusters", name)
	if err != nil {
		return StoredCluster{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return StoredCluster{}, err
	}
	s := StoredCluster{Name: full, Path: path, Bytes: info.Size(), Modified: info.ModTime()}
	f, err := weights.Open(path)
	if err != nil {
		s.Problem = err
		return s, nil
	}
	defer f.Close()
	if err := s.readHead(f); err != nil {
		s.Problem = fmt.Errorf("cluster %s: %w: %w", path, err, weights.ErrFormat)
	}
	return s, nil
}

// readHead fills in what the head of the file says. It finds what LoadCluster would find there; the values of the tensors are not looked at.
func (s *StoredCluster) readHead(f *weights.File) error {
	c, err := clusterHead(f)
	if err != nil {
		return err
	}
	pictures, err := picturesInfo(f, "images")
	if err != nil {
		return err
	}
	n := pictures.Shape[0]
	for _, name := range []string{"latents", "h"} {
		if info, _ := f.Info(name); len(info.Shape) != 4 || info.Shape[0] != n || info.Bytes == 0 {
			return fmt.Errorf("%s has shape %v; want four sizes, the first of them %d", name, info.Shape, n)
		}
	}
	switch {
	case n < 2:
		return fmt.Errorf("%d picture: %w", n, ErrSmall)
	case pictures.Bytes == 0:
		return fmt.Errorf("images of shape %v", pictures.Shape)
	case c.Target < 0 || int64(c.Target) >= n:
		return fmt.Errorf("target %d of %d pictures", c.Target, n)
	}
	s.Cluster, s.Pictures, s.Height, s.Width = c, int(n), int(pictures.Shape[1]), int(pictures.Shape[2])
	return nil
}

// ErrPicture is wrapped by errors about pictures that a cluster does not have.
var ErrPicture = errors.New("no such picture")

func (s StoredCluster) checkPicture(index int) error {
	switch {
	case s.Problem != nil:
		return s.Problem
	case index < 0 || index >= s.Pictures:
		return fmt.Errorf("%w: %d; %s has %d: choose 0 to %d", ErrPicture, index, s.Name, s.Pictures, s.Pictures-1)
	}
	return nil
}

// ClusterPicture reads one picture of a cluster's file, and nothing else of it. The error wraps ErrPicture where there is none with the index.
func ClusterPicture(rt *runtime.Runtime, name string, index int) (imaging.Frame, error) {
	s, err := StatCluster(rt, name)
	if err != nil {
		return imaging.Frame{}, err
	}
	if err := s.checkPicture(index); err != nil {
		return imaging.Frame{}, err
	}
	f, err := weights.Open(s.Path)
	if err != nil {
		return imaging.Frame{}, err
	}
	defer f.Close()
	length := int64(s.Width) * int64(s.Height) * 3
	rgb, err := f.Part("images", int64(index)*length, length)
	if err != nil {
		return imaging.Frame{}, err
	}
	out := imaging.Frame{Width: s.Width, Height: s.Height, Pixels: make([]uint8, 0, len(rgb)/3*4), Alpha: imaging.Opaque}
	for p := range slices.Chunk(rgb, 3) {
		out.Pixels = append(out.Pixels, p[0], p[1], p[2], 255)
	}
	return out, nil
}

// SetTarget chooses another target in a cluster's file; all else in it stays. The new file takes the place of the old one when it is complete.
// The error wraps ErrPicture where there is no picture with the index.
func SetTarget(ctx context.Context, rt *runtime.Runtime, name string, index int) error {
	s, err := StatCluster(rt, name)
	if err != nil {
		return err
	}
	if err := s.checkPicture(index); err != nil || index == s.Target {
		return err
	}
	f, err := weights.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	metadata := f.MetadataPairs()
	for i := range metadata {
		if metadata[i].Key == "target" {
			metadata[i].Value = strconv.Itoa(index)
		}
	}
	var entries []weights.Entry
	for _, name := range f.Names() {
		info, _ := f.Info(name) // it is there: Names has it
		data, err := f.Part(name, 0, info.Bytes)
		if err != nil {
			return err
		}
		entries = append(entries, weights.RawEntry(name, info.DType, info.Shape, data))
	}
	return weights.Save(ctx, s.Path, metadata, entries)
}
