package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/internal/machine"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// UpscaleModel is a network that enlarges or restores pictures. Nothing is loaded until a picture is enlarged.
type UpscaleModel struct {
	set    *weights.Set
	config model.UpscalerConfig
}

// Socket is the wire type.
func (UpscaleModel) Socket() string { return "UPSCALE_MODEL" }

// LoadUpscaleModel opens an upscale model by its name in models/upscale_models.
func (rt *Runtime) LoadUpscaleModel(name string) (UpscaleModel, error) {
	path, err := rt.Folders.Find("upscale_models", name)
	if err != nil {
		return UpscaleModel{}, err
	}
	set, err := opened(&rt.files, "upscale model", path, weights.OpenUpscaler, (*weights.Set).Files)
	if err != nil {
		return UpscaleModel{}, err
	}
	config, err := model.ReadUpscaler(set)
	if err == nil {
		_, err = model.Upscaler(set) // a file that lacks weights is an error here, where it is named
	}
	if err != nil {
		return UpscaleModel{}, fmt.Errorf("%s: %w", path, err)
	}
	return UpscaleModel{set, config}, nil
}

// Pictures are enlarged in tiles of largestTile pixels, or of half or a quarter of that where memory is short.
const (
	largestTile  = 512
	smallestTile = 128
	tileOverlap  = 32
)

// Upscale enlarges pictures [B,H,W,C] to [B,sH,sW,3]. progress is told the tiles that are done and their number; it may be nil.
func (rt *Runtime) Upscale(ctx context.Context, m UpscaleModel, i Image, progress Progress) (Image, error) {
	switch {
	case m.set == nil:
		return Image{}, errors.New("no upscale model is loaded")
	case i.Tensor == nil || i.Len() == 0:
		return Image{}, fmt.Errorf("upscale: the batch of pictures is empty: %w", tensor.ErrShape)
	}
	x := imaging.Planes(i.Colours().Tensor)
	scale := m.config.Scale
	if err := imaging.CheckSize("upscale", x.Dim(0), 3, x.Dim(2)*scale, x.Dim(3)*scale); err != nil {
		return Image{}, err
	}
	side := m.tileSide(machine.MemoryLimit())
	t := tile{side, side, tileOverlap}
	total := x.Dim(0) * len(starts(x.Dim(2), side, tileOverlap)) * len(starts(x.Dim(3), side, tileOverlap))
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Precise: true,
		Key:     GraphKey("upscaler", m.set, struct{}{}),
		Runs:    total,
		Work:    2 * float64(min(side, x.Dim(2))*min(side, x.Dim(3))),
		Rare:    true,
		Build:   func() (*onnx.Graph, error) { return model.Upscaler(m.set) },
	})
	if err != nil {
		return Image{}, fmt.Errorf("upscale: %w", err)
	}
	defer release()
	done := 0
	larger, err := tiled(ctx, x, t, float64(scale), 3, func(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
		y, err := m.enlarge(ctx, session, x)
		if done++; err == nil && progress != nil {
			progress(done, total, nil)
		}
		return y, err
	})
	if err != nil {
		return Image{}, fmt.Errorf("upscale: %w", err)
	}
	for k, v := range larger.Data {
		larger.Data[k] = min(max(v, 0), 1)
	}
	return Image{imaging.Interleave(larger)}, nil
}

// tileSide is the side of tiles whose largest layers, of which about four live at once, fit into half of the memory.
func (m UpscaleModel) tileSide(memory int64) int {
	side := largestTile
	for ; side > smallestTile; side /= 2 {
		pixels := int64(side*m.config.Scale) * int64(side*m.config.Scale)
		if 4*4*pixels*int64(m.config.Large) <= memory/2 {
			break
		}
	}
	return side
}

// enlarge runs the network on one tile [1,3,h,w]. A tile of a size that the network cannot take is mirrored to the right and below, and what
// comes of that is cut off.
func (m UpscaleModel) enlarge(ctx context.Context, s *ort.Session, x *tensor.Tensor) (*tensor.Tensor, error) {
	h, w := x.Dim(2), x.Dim(3)
	padded := imaging.MirrorTo(x, roundUp(max(h, m.config.Minimum), m.config.Multiple), roundUp(max(w, m.config.Minimum), m.config.Multiple))
	out, err := s.Run(ctx, map[string]ort.Value{"image": ort.FromTensor(padded)}, "larger")
	if err != nil {
		return nil, err
	}
	y := out[0]
	for k, v := range y.Data {
		y.Data[k] = min(max(v, 0), 1)
	}
	if padded == x {
		return y, nil
	}
	return imaging.Window(y, 0, 0, h*m.config.Scale, w*m.config.Scale)
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
