package actor

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// Networks are the vision models that measure pictures of any checkpoint, and what of the pictures they see.
type Networks struct {
	CLIP *runtime.CLIPVision // CLIP-I, and CLIP-T where its file has the text encoder; nil: not measured
	DINO *runtime.CLIPVision // DINOv2; nil: not measured
	// Masks mark the characters, one for each picture or one for all, in batches of one size; the rest of each picture is blanked. None: the
	// whole pictures.
	Masks []runtime.Mask
	// TargetMask marks the character in the picture of the target; with Masks and without it nothing is compared with the target.
	TargetMask *runtime.Mask
}

func (n Networks) any() bool { return n.CLIP != nil || n.DINO != nil }

// mask is all masks as one batch, nil where there are none.
func (n Networks) mask() (*runtime.Mask, error) {
	var all []*tensor.Tensor
	for _, m := range n.Masks {
		all = append(all, m.Tensor)
	}
	if len(all) == 0 {
		return nil, nil
	}
	joined, err := tensor.Concat(0, all...)
	if err != nil {
		return nil, fmt.Errorf("the masks are of different sizes; resize them to one: %w", err)
	}
	return &runtime.Mask{Tensor: joined}, nil
}

// NetworkScores are the figures of vision models; NaN where one was not measured.
type NetworkScores struct {
	CLIP       score.Likeness // CLIP-I
	CLIPT      float64        // CLIP-T: how well pictures follow their prompts
	DINO       score.Likeness
	Foreground bool // of the characters alone; CLIP-T is always of whole pictures
}

// byNetworks measures by vision models. As a character's identity DINOv2 counts where it is there: it tells individuals apart, CLIP rather kinds.
func (s Scoring) byNetworks(ctx context.Context, rt *runtime.Runtime, pictures runtime.Image) (Report, error) {
	report := Report{Measure: MeasureNetworks}
	n := s.Networks
	if !n.any() {
		return report, errors.New("vision models measure these pictures: connect CLIP or DINOv2, both from CLIPVisionLoader")
	}
	if n.CLIP != nil && n.CLIP.Config().Kind != model.CLIPViT || n.DINO != nil && n.DINO.Config().Kind != model.DINOv2 {
		return report, errors.New("clip_vision wants a CLIP and dino a DINOv2: the two are swapped, or one model is connected to both")
	}
	mask, err := n.mask()
	if err != nil {
		return report, err
	}
	nan := math.NaN()
	unknown := score.Likeness{Pairs: nan, ToTarget: nan}
	report.Networks = NetworkScores{CLIP: unknown, DINO: unknown, CLIPT: nan, Foreground: mask != nil}
	target := s.character()
	if target != nil && mask != nil && n.TargetMask == nil {
		report.Notes = append(report.Notes, "nothing was compared with the target: there is a mask for the pictures and none for it")
		target = nil
	}
	for _, network := range []struct {
		vision *runtime.CLIPVision
		to     *score.Likeness
	}{{n.CLIP, &report.Networks.CLIP}, {n.DINO, &report.Networks.DINO}} {
		if network.vision == nil {
			continue
		}
		vectors, err := rt.LikenessVectors(ctx, *network.vision, pictures, mask)
		if err != nil {
			return report, err
		}
		if target == nil {
			*network.to = score.MeasureLikeness(vectors, nil)
			continue
		}
		one, err := rt.LikenessVectors(ctx, *network.vision, runtime.Image{Tensor: target}, n.TargetMask)
		if err != nil {
			return report, fmt.Errorf("the target: %w", err)
		}
		*network.to = score.MeasureLikeness(vectors, one)
	}
	if err := s.follow(ctx, rt, pictures, &report); err != nil {
		return report, err
	}
	best := report.Networks.DINO
	if n.DINO == nil {
		best = report.Networks.CLIP
	}
	report.Scores = score.Scores{Identity: best.Pairs, ToTarget: best.ToTarget, AllFour: nan, Species: nan, Scene: nan, RGB: nan, Fit: nan}
	return report, nil
}

// follow measures CLIP-T, of whole pictures, since prompts speak of scenes too.
func (s Scoring) follow(ctx context.Context, rt *runtime.Runtime, pictures runtime.Image, report *Report) error {
	n := s.Networks
	if n.CLIP == nil || len(s.Prompts) == 0 {
		return nil
	}
	texts, err := rt.TextVectors(ctx, *n.CLIP, s.Prompts)
	if errors.Is(err, runtime.ErrNoTextTower) {
		report.Notes = append(report.Notes, "CLIP-T was not measured: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	whole, err := rt.LikenessVectors(ctx, *n.CLIP, pictures, nil)
	if err != nil {
		return err
	}
	report.Networks.CLIPT, err = score.Following(whole, texts)
	return err
}
