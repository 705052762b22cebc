package actor

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Map draws a cluster and the pictures made with its actor as points of the plane of their two main directions of h: base set grey, pictures
// in the accent colour, the target with a dark border. Without pictures it shows the cluster alone, by its own h.
type Map struct {
	Cluster    Cluster
	Pictures   []runtime.Image
	States     *States // needed with pictures
	Label      string  // of the pictures
	Title      string
	Thumbnails bool
	Side       int // of the picture in pixels; 0 chooses
}

// Draw makes the picture.
func (m Map) Draw(ctx context.Context, rt *runtime.Runtime) (runtime.Image, error) {
	x, err := m.draw(ctx, rt)
	if err != nil {
		return runtime.Image{}, fmt.Errorf("cluster map: %w", err)
	}
	return runtime.Image{Tensor: x}, nil
}

func (m Map) draw(ctx context.Context, rt *runtime.Runtime) (*tensor.Tensor, error) {
	h, n := m.Cluster.H, m.Cluster.Len()
	base := imaging.Group{Name: "base set", Color: imaging.Quiet}
	made := imaging.Group{Name: m.Label, Color: imaging.Accent}
	if m.Thumbnails {
		base.Pictures = m.Cluster.Images.Pictures()
	}
	if len(m.Pictures) > 0 {
		if m.States == nil {
			return nil, errors.New("to place pictures, connect the model, the VAE and the cluster's prompt")
		}
		pictures, err := oneBatch(m.Pictures)
		if err != nil {
			return nil, err
		}
		own, others, err := m.States.Both(ctx, rt, m.Cluster, pictures)
		if err != nil {
			return nil, err
		}
		if h, err = tensor.Concat(0, own, others); err != nil {
			return nil, err
		}
		if m.Thumbnails {
			made.Pictures = pictures.Pictures()
		}
	}
	places, share, err := score.Plane(h)
	if err != nil {
		return nil, err
	}
	for i, p := range places {
		g := &base
		if i >= n {
			g = &made
		}
		g.Points = append(g.Points, imaging.Point{X: p[0], Y: p[1]})
	}
	return imaging.Scatter{
		Title: m.Title, Subtitle: fmt.Sprintf("States h of the UNet in the plane of their two main directions, which holds %.0f %% of the variance", 100*share),
		Groups: []imaging.Group{base, made}, Target: &[2]int{0, m.Cluster.Target}, Side: m.Side,
	}.Draw()
}
