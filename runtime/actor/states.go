package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// States computes h of finished pictures.
type States struct {
	Model    runtime.Model
	VAE      runtime.VAE
	Positive runtime.Conditioning // the prompt of the base set
}

// Both is h of the pictures of a cluster and of others, in one way for all: the picture is encoded, gets the noise of the last
// sampling step, and the UNet looks once. The cluster's own h, from its sampling run, would differ by the way alone.
func (s States) Both(ctx context.Context, rt *runtime.Runtime, c Cluster, pictures runtime.Image) (cluster, others *tensor.Tensor, err error) {
	if c.Sigma <= 0 {
		return nil, nil, errors.New("the cluster does not know the noise level of its last step; make it again")
	}
	base := c.Images.Colours()
	if base.Dim(1) != pictures.Dim(1) || base.Dim(2) != pictures.Dim(2) {
		return nil, nil, fmt.Errorf("the pictures are %dx%d, those of the cluster %dx%d; resize them to its size", pictures.Dim(2), pictures.Dim(1), base.Dim(2), base.Dim(1))
	}
	guider := runtime.NewBasicGuider(s.Model, s.Positive)
	var parts [2]*tensor.Tensor
	for k, batch := range []runtime.Image{base, pictures} {
		var all []*tensor.Tensor
		for i := range batch.Dim(0) {
			latent, err := rt.Encode(ctx, s.VAE, runtime.Image{Tensor: batch.Rows(i, i+1)})
			if err != nil {
				return nil, nil, err
			}
			h, err := rt.Features(ctx, guider, latent, runtime.Noise{Seed: c.Seed}, c.Sigma)
			if err != nil {
				return nil, nil, err
			}
			all = append(all, h)
		}
		if parts[k], err = tensor.Concat(0, all...); err != nil {
			return nil, nil, err
		}
	}
	return parts[0], parts[1], nil
}
