package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// CLIPVision is a network that describes pictures: the picture tower of CLIP, or DINOv2. Nothing is loaded until a picture is encoded. The
// zero value is the missing tower of a checkpoint without one.
type CLIPVision struct {
	set    *weights.Set
	config model.ViTConfig
	text   *weights.Set // the text encoder of the same CLIP, nil where the file has none
}

// Socket is the wire type.
func (CLIPVision) Socket() string { return "CLIP_VISION" }

// ErrNoVision is returned when a checkpoint without vision tower is asked to look at a picture.
var ErrNoVision = errors.New("this checkpoint has no vision model: load one with the node CLIPVisionLoader and connect it instead")

// CLIPVisionOutput is what a vision model says about a batch of pictures.
type CLIPVisionOutput struct {
	Embeds      *tensor.Tensor // [B,P], the class token, in CLIP projected to the space shared with text
	Last        *tensor.Tensor // [B,T,D], all tokens behind the last layer; in DINOv2 normalised
	Penultimate *tensor.Tensor // [B,T,D], all tokens before the last layer
}

// Socket is the wire type.
func (CLIPVisionOutput) Socket() string { return "CLIP_VISION_OUTPUT" }

// Bytes is the memory held.
func (o CLIPVisionOutput) Bytes() int64 {
	return o.Embeds.Bytes() + o.Last.Bytes() + o.Penultimate.Bytes()
}

// LoadCLIPVision opens a vision model by its name in models/clip_vision.
func (rt *Runtime) LoadCLIPVision(name string) (CLIPVision, error) {
	path, err := rt.Folders.Find("clip_vision", name)
	if err != nil {
		return CLIPVision{}, err
	}
	towers, err := opened(&rt.files, "vision model", path, weights.OpenVision, weights.Towers.Files)
	if err != nil {
		return CLIPVision{}, err
	}
	v, err := NewCLIPVision(towers.Vision)
	if err != nil {
		return CLIPVision{}, fmt.Errorf("%s: %w", path, err)
	}
	v.text = towers.Text
	return v, nil
}

// NewCLIPVision is a vision model of weights under Hugging Face's names of CLIP, such as weights.Checkpoint has.
func NewCLIPVision(set *weights.Set) (CLIPVision, error) {
	config, err := model.ReadViT(set)
	return CLIPVision{set: set, config: config}, err
}

// Config is the structure of the network.
func (v CLIPVision) Config() model.ViTConfig { return v.config }

// EncodeImage describes pictures [B,H,W,C] as ComfyUI does: resized to the network's size, cut to a square at the centre where cut is set
// and stretched where not.
func (rt *Runtime) EncodeImage(ctx context.Context, v CLIPVision, i Image, cut bool) (CLIPVisionOutput, error) {
	if v.set == nil {
		return CLIPVisionOutput{}, ErrNoVision
	}
	pixels, err := v.Pixels(i, cut)
	if err != nil {
		return CLIPVisionOutput{}, fmt.Errorf("CLIP vision: %w", err)
	}
	return rt.runVision(ctx, v, pixels)
}

// runVision runs the network on normalised pictures [B,3,S,S], one by one.
func (rt *Runtime) runVision(ctx context.Context, v CLIPVision, pixels *tensor.Tensor) (CLIPVisionOutput, error) {
	side := pixels.Dim(2)
	o := model.ViTOptions{Side: side, Batch: 1}
	session, release, err := rt.sessions.acquire(ctx, GraphSpec{
		Precise: true,
		Key:     GraphKey("vision", v.set, o),
		Runs:    pixels.Dim(0),
		Work:    2 * float64(v.config.Tokens(side)),
		Rare:    true,
		Build:   func() (*onnx.Graph, error) { return model.ViT(v.set, o) },
	})
	if err != nil {
		return CLIPVisionOutput{}, fmt.Errorf("%v vision model: %w", v.config.Kind, err)
	}
	defer release()
	inputs := map[string]ort.Value{}
	if side != v.config.Side {
		places, err := v.places(side)
		if err != nil {
			return CLIPVisionOutput{}, err
		}
		inputs["positions"] = ort.FromTensor(places)
	}
	var embeds, last, penultimate []*tensor.Tensor
	for b := range pixels.Dim(0) {
		inputs["pixels"] = ort.FromTensor(pixels.Rows(b, b+1))
		out, err := session.Run(ctx, inputs, "embeds", "last", "penultimate")
		if err != nil {
			return CLIPVisionOutput{}, fmt.Errorf("%v vision model: %w", v.config.Kind, err)
		}
		embeds, last, penultimate = append(embeds, out[0]), append(last, out[1]), append(penultimate, out[2])
	}
	var joined CLIPVisionOutput
	for _, part := range []struct {
		to    **tensor.Tensor
		items []*tensor.Tensor
	}{{&joined.Embeds, embeds}, {&joined.Last, last}, {&joined.Penultimate, penultimate}} {
		if *part.to, err = tensor.Concat(0, part.items...); err != nil {
			return CLIPVisionOutput{}, err
		}
	}
	return joined, nil
}

// places is the position embedding for pictures of another side: the patches' part of the table, stretched as a picture is.
func (v CLIPVision) places(side int) (*tensor.Tensor, error) {
	table, err := model.ViTPlaces(v.set)
	if err != nil {
		return nil, err
	}
	grid, to := v.config.Side/v.config.Patch, side/v.config.Patch
	head := table.Dim(0) - grid*grid // 1 with a place for the class token
	patches, err := table.Rows(head, table.Dim(0)).Reshape(1, grid, grid, v.config.Width)
	if err != nil {
		return nil, err
	}
	planes := imaging.Planes(patches)
	if v.config.Registers > 0 { // so were those with registers trained
		planes, err = imaging.ResizeAntialias(planes, to, to)
	} else {
		planes, err = imaging.Resize(planes, to, to, imaging.Bicubic)
	}
	if err != nil {
		return nil, err
	}
	rows, err := imaging.Interleave(planes).Reshape(to*to, v.config.Width)
	if err != nil {
		return nil, err
	}
	return tensor.Concat(0, table.Rows(0, head), rows)
}
