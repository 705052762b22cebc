package actor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// A cluster file is a safetensors file: images U8 [K+1,H,W,3], latents and h float32, and the rest as metadata, with format = 1.
const (
	clusterKind   = "oneactor cluster"
	clusterFormat = "1"
)

// Encode writes the cluster as a safetensors file. What Load makes of it equals the cluster.
func (c Cluster) Encode(ctx context.Context, w io.Writer) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("save cluster: %w", err)
	}
	metadata := []weights.Pair{
		{Key: "format", Value: clusterFormat},
		{Key: "kind", Value: clusterKind},
		{Key: "target", Value: strconv.Itoa(c.Target)},
		{Key: "prompt", Value: c.Prompt},
		{Key: "seed", Value: strconv.FormatUint(c.Seed, 10)},
		{Key: "sigma", Value: strconv.FormatFloat(float64(c.Sigma), 'g', -1, 32)},
		{Key: "family", Value: string(c.Model.Family)},
		{Key: "fingerprint", Value: c.Model.Fingerprint},
	}
	var shape []int64
	for _, n := range c.Images.Shape {
		shape = append(shape, int64(n))
	}
	return weights.Encode(ctx, w, metadata, []weights.Entry{
		weights.RawEntry("images", weights.U8, shape, imaging.Bytes(c.Images.Data)),
		weights.Float32Entry("latents", c.Latents),
		weights.Float32Entry("h", c.H),
	})
}

// LoadCluster reads a cluster file. The error wraps weights.ErrFormat when it is none, or a damaged one.
func LoadCluster(path string) (Cluster, error) {
	f, err := weights.Open(path)
	if err != nil {
		return Cluster{}, err
	}
	defer f.Close()
	c, err := readCluster(f)
	if err != nil {
		return Cluster{}, fmt.Errorf("cluster %s: %w", path, errors.Join(err, weights.ErrFormat))
	}
	return c, nil
}

// clusterHead is a cluster without its tensors.
func clusterHead(f *weights.File) (Cluster, error) {
	m := f.Metadata()
	switch {
	case m["kind"] != clusterKind:
		return Cluster{}, errors.New("this file is no cluster: save one with the node SaveCluster")
	case m["format"] != clusterFormat:
		return Cluster{}, fmt.Errorf("format %q is not known here; this program reads %s: use a newer one", m["format"], clusterFormat)
	}
	c := Cluster{
		Prompt: m["prompt"],
		Model:  runtime.Identity{Family: weights.Family(m["family"]), Fingerprint: m["fingerprint"]},
	}
	var wrong [3]error
	var sigma float64
	c.Target, wrong[0] = strconv.Atoi(m["target"])
	c.Seed, wrong[1] = strconv.ParseUint(m["seed"], 10, 64)
	sigma, wrong[2] = strconv.ParseFloat(m["sigma"], 32)
	if err := errors.Join(wrong[:]...); err != nil {
		return Cluster{}, fmt.Errorf("damaged metadata: %w", err)
	}
	c.Sigma = float32(sigma)
	return c, nil
}

func readCluster(f *weights.File) (Cluster, error) {
	c, err := clusterHead(f)
	if err != nil {
		return Cluster{}, err
	}
	if c.Images.Tensor, err = readPictures(f, "images"); err != nil {
		return Cluster{}, err
	}
	for _, t := range []struct {
		name string
		to   **tensor.Tensor
	}{{"latents", &c.Latents}, {"h", &c.H}} {
		if *t.to, err = f.Float32(t.name); err != nil {
			return Cluster{}, err
		}
		if len((*t.to).Shape) != 4 || (*t.to).Len() == 0 {
			return Cluster{}, fmt.Errorf("%s has shape %v; want four sizes, batch first", t.name, (*t.to).Shape)
		}
	}
	return c, c.check()
}

// picturesInfo describes the pictures U8 [B,H,W,3] of a file.
func picturesInfo(f *weights.File, name string) (weights.Info, error) {
	info, ok := f.Info(name)
	if !ok {
		return info, fmt.Errorf("tensor %q is missing", name)
	}
	if info.DType != weights.U8 || len(info.Shape) != 4 || info.Shape[3] != 3 {
		return info, fmt.Errorf("%s is %v %v; want U8 [B,H,W,3]", name, info.DType, info.Shape)
	}
	return info, nil
}

// readPictures reads U8 [B,H,W,3] as values 0…1.
func readPictures(f *weights.File, name string) (*tensor.Tensor, error) {
	info, err := picturesInfo(f, name)
	if err != nil {
		return nil, err
	}
	raw, err := f.Raw(name)
	if err != nil {
		return nil, err
	}
	out := tensor.New(int(info.Shape[0]), int(info.Shape[1]), int(info.Shape[2]), 3)
	if len(raw) != out.Len() || out.Len() == 0 {
		return nil, fmt.Errorf("%s of shape %v has %d bytes", name, info.Shape, len(raw))
	}
	for i, b := range raw {
		out.Data[i] = float32(b) / 255
	}
	return out, nil
}
