package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// selfAttention guides away from what the network predicts when the parts of the picture it looks at most are blurred (Hong et al. 2023,
// arXiv:2210.00939).
type selfAttention struct{ scale, sigma float64 }

// WithSelfAttentionGuidance adds (B - S)·scale to guided predictions: B is the negative prediction, blurred with a Gaussian of sigma cells
// where the self-attention of the middle block looks most, and S the prediction for the negative prompt at B with the noise of the step.
func (m Model) WithSelfAttentionGuidance(scale, sigma float64) (Model, error) {
	if err := m.checkMiddle(); err != nil {
		return Model{}, err
	}
	if !(sigma >= 0) {
		return Model{}, fmt.Errorf("self-attention guidance: blur sigma %g; use 0 or more", sigma)
	}
	return m.withHook(selfAttention{scale, sigma}), nil
}

// checkMiddle refuses models without self-attention in the middle block.
func (m Model) checkMiddle() error {
	if err := m.checkWeights(); err != nil {
		return err
	}
	if from, to := m.config.MiddleLayers(); from == to {
		return errors.New("guidance by the self-attention of the middle block (PAG, SAG): this model has none there")
	}
	return nil
}

// blurRadius is that of the kernel of nine cells.
const blurRadius = 4

func (h selfAttention) begin() points {
	return points{uncond: true, attention: true, postCFG: func(ctx context.Context, m mixture) (*tensor.Tensor, error) {
		if min(m.x.Dim(2), m.x.Dim(3)) <= blurRadius || m.attention == nil { // too small to blur, or nobody looked
			return m.denoised, nil
		}
		degraded, err := h.degrade(m.uncond, m.attention)
		if err != nil {
			return nil, err
		}
		again, err := m.predict(ctx, negative, plus(degraded, minus(m.x, m.uncond)))
		if err != nil {
			return nil, err
		}
		return addScaled(m.denoised, minus(degraded, again), float32(h.scale)), nil
	}}
}

// degrade blurs x [B,C,h,w] where tokens of the middle block [B,T] get more attention than the average one, 1.
func (h selfAttention) degrade(x, attention *tensor.Tensor) (*tensor.Tensor, error) {
	if h.sigma == 0 {
		return x, nil
	}
	height, width := x.Dim(2), x.Dim(3)
	rows, columns := middleSize(height, width, attention.Dim(1))
	// The kernel's sigma is in units of its radius.
	out, err := imaging.Gaussian(x, blurRadius, h.sigma/blurRadius)
	if err != nil {
		return nil, err
	}
	y, x0 := nearestCells(rows, height), nearestCells(columns, width)
	plane := height * width
	for i := range out.Data {
		item, cell := i/(x.Dim(1)*plane), i%plane
		if attention.Data[item*rows*columns+y[cell/width]*columns+x0[cell%width]] <= 1 {
			out.Data[i] = x.Data[i]
		}
	}
	return out, nil
}

// middleSize is the size of the middle block's picture of a number of tokens, for a latent of height and width: that of repeated halving, and
// where deep shrink makes another, the one with that many tokens whose height is nearest to the proportions of the latent.
func middleSize(height, width, tokens int) (rows, columns int) {
	for ratio := 1; ratio <= max(height, width); ratio *= 2 {
		if rows, columns = (height+ratio-1)/ratio, (width+ratio-1)/ratio; rows*columns == tokens {
			return rows, columns
		}
	}
	near := roundEven(math.Sqrt(float64(height) / float64(width) * float64(tokens)))
	for apart := 0; ; apart++ {
		for _, rows := range []int{near + apart, max(1, near-apart)} {
			if rows > 0 && tokens%rows == 0 {
				return rows, tokens / rows
			}
		}
	}
}

// nearestCells is for each of out cells the one of in cells that lies there, as the mode "nearest" of PyTorch rounds.
func nearestCells(in, out int) []int {
	list, scale := make([]int, out), float32(in)/float32(out)
	for i := range list {
		list[i] = min(int(float32(i)*scale), in-1)
	}
	return list
}
