package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// adapterSteer is a T2I adapter during one run. It sees neither latent nor prompt nor noise level, so what it adds is the same in every step.
type adapterSteer struct {
	run     *unetRun
	control *Control
	config  model.AdapterConfig
	hint    hintFeatures // one per level, times the strength
}

func (u *unetRun) newAdapterSteer(c *Control) (*adapterSteer, error) {
	config, err := model.ReadAdapter(c.net.file.Set)
	if err != nil {
		return nil, err
	}
	unet := u.model.config
	for i, place := range config.Places {
		where, channels, level := "the middle block", unet.MiddleChannels, unet.Levels()
		switch {
		case place >= len(unet.SkipChannels):
			return nil, c.net.misfit(u.model, fmt.Sprintf("it adds to input block %d, the model has %d", place, len(unet.SkipChannels)))
		case place != model.Middle:
			where, channels, level = fmt.Sprint("input block ", place), unet.SkipChannels[place], unet.SkipLevels[place]
		}
		if channels != config.Widths[i] || level != config.Levels[i] {
			return nil, c.net.misfit(u.model, fmt.Sprintf("what it adds to %s has %d channels at 1/%d of the size, the model's has %d at 1/%d",
				where, config.Widths[i], 1<<config.Levels[i], channels, 1<<level))
		}
	}
	s := &adapterSteer{run: u, control: c, config: config}
	s.hint.see = s.look
	return s, nil
}

// look runs the adapter on pictures [B,3,H,W].
func (s *adapterSteer) look(ctx context.Context, picture *tensor.Tensor) ([]*tensor.Tensor, error) {
	if s.config.Channels == 1 {
		picture = channelMean(picture)
	}
	o := model.AdapterOptions{Height: picture.Dim(2), Width: picture.Dim(3)}
	set := s.control.net.file.Set
	session, release, err := s.run.rt.sessions.acquire(ctx, GraphSpec{
		Key: GraphKey("t2i adapter", set, o), Runs: 1, Work: 1, Rare: true,
		Build: func() (*onnx.Graph, error) { return model.Adapter(set, o) },
	})
	if err != nil {
		return nil, err
	}
	defer release()
	var names []string
	for i := range s.config.Widths {
		names = append(names, fmt.Sprint("residual.", i))
	}
	out, err := session.Run(ctx, map[string]ort.Value{"hint": ort.FromTensor(picture)}, names...)
	for _, t := range out {
		scale(t, s.control.strength)
	}
	return out, err
}

func (s *adapterSteer) residuals(ctx context.Context, call modelCall, scaled *tensor.Tensor) (residuals, error) {
	pixels := func(cells int) int { return (cells*8 + s.config.Square - 1) / s.config.Square * s.config.Square }
	features, err := s.hint.at(ctx, s.control, call, pixels(scaled.Dim(2)), pixels(scaled.Dim(3)))
	if err != nil {
		return residuals{}, err
	}
	r := residuals{adapted: map[int]*tensor.Tensor{}}
	for i, place := range s.config.Places {
		r.adapted[place] = features[i]
	}
	return r, nil
}

// channelMean is the mean of the channels of t [B,C,H,W]: [B,1,H,W].
func channelMean(t *tensor.Tensor) *tensor.Tensor {
	channels, n := t.Dim(1), t.Dim(2)*t.Dim(3)
	out := tensor.New(t.Dim(0), 1, t.Dim(2), t.Dim(3))
	for b := range t.Dim(0) {
		for i := range n {
			var sum float32
			for c := range channels {
				sum += t.Data[(b*channels+c)*n+i]
			}
			out.Data[b*n+i] = sum / float32(channels)
		}
	}
	return out
}

// scale multiplies every value of t.
func scale(t *tensor.Tensor, by float32) {
	if by == 1 {
		return
	}
	for i := range t.Data {
		t.Data[i] *= by
	}
}
