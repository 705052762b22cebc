package runtime

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// planesModel sees in a way, in a space where latents are twice those of the VAE.
func planesModel(s sight) Model {
	return Model{sees: s, format: sampling.LatentFormat{Scale: 2}}
}

func TestPlanes(t *testing.T) {
	latent := tensor.Full(3, 2, 4, 2, 2) // as the run has it: scaled
	picture := tensor.Full(5, 1, 4, 2, 2)
	numbered := tensor.New(3, 4, 2, 2)
	for i := range numbered.Data {
		numbered.Data[i] = float32(i / 16)
	}
	mask := func(v ...float32) *tensor.Tensor { m, _ := tensor.From(v, 1, 1, 2, 2); return m }
	tests := map[string]struct {
		sees   sight
		cond   Cond
		target target
		want   [][]float32 // of item 1, the first cell of each plane in turn, then the last
	}{
		"text to image": {latentOnly, Cond{Picture: picture}, target{latent: latent}, nil},
		"inpainting without a mask": {inpaintSight, Cond{Picture: picture}, target{latent: latent},
			[][]float32{{1, 0.8223, -0.6876, 0.6364, 0.1380}, {1, 0.8223, -0.6876, 0.6364, 0.1380}}},
		"the mask of the latent is rounded, half to even": {inpaintSight, Cond{}, target{latent: latent, mask: mask(0.5, 0, 0, 0.51)},
			[][]float32{{0, 3, 3, 3, 3}, {1, 3, 3, 3, 3}}},
		"a mask per channel counts by its first": {inpaintSight, Cond{}, target{latent: latent, mask: tensor.Full(1, 2, 4, 2, 2)},
			[][]float32{{1, 3, 3, 3, 3}, {1, 3, 3, 3, 3}}},
		"mask and picture of the conditioning": {inpaintSight, Cond{Picture: picture, PictureMask: mask(1, 0, 0, 0)}, target{latent: latent, mask: mask(0, 1, 1, 1)},
			[][]float32{{1, 10, 10, 10, 10}, {0, 10, 10, 10, 10}}},
		"a mask of another size": {inpaintSight, Cond{PictureMask: tensor.Full(1, 1, 1, 16, 24)}, target{latent: latent},
			[][]float32{{1, 3, 3, 3, 3}, {1, 3, 3, 3, 3}}},
		"editing without a picture":  {editSight, Cond{}, target{latent: latent}, [][]float32{{0, 0, 0, 0}, {0, 0, 0, 0}}},
		"editing takes VAE space":    {editSight, Cond{Picture: picture}, target{latent: latent}, [][]float32{{5, 5, 5, 5}, {5, 5, 5, 5}}},
		"CosXL takes model space":    {scaledEditSight, Cond{Picture: picture}, target{latent: latent}, [][]float32{{10, 10, 10, 10}, {10, 10, 10, 10}}},
		"a picture of another size":  {editSight, Cond{Picture: tensor.Full(5, 1, 4, 6, 4)}, target{latent: latent}, [][]float32{{5, 5, 5, 5}, {5, 5, 5, 5}}},
		"the last of three pictures": {editSight, Cond{Picture: numbered}, target{latent: latent}, [][]float32{{2, 2, 2, 2}, {2, 2, 2, 2}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := planesModel(tt.sees).planes(tt.cond, tt.target)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == nil {
				if got != nil {
					t.Fatalf("planes %v, want none", got.Shape)
				}
				return
			}
			if want := []int{2, len(tt.want[0]), 2, 2}; !slices.Equal(got.Shape, want) {
				t.Fatalf("shape %v, want %v", got.Shape, want)
			}
			for i, cell := range []int{0, 3} {
				for c, want := range tt.want[i] {
					if v := got.Data[(got.Dim(1)+c)*4+cell]; v != want {
						t.Errorf("cell %d of plane %d is %v, want %v", cell, c, v, want)
					}
				}
			}
		})
	}
}

func TestPlanesRefuses(t *testing.T) {
	latent := tensor.New(1, 4, 2, 2)
	tests := map[string]struct {
		sees   sight
		cond   Cond
		target target
		want   string
	}{
		"a picture of another VAE":    {editSight, Cond{Picture: tensor.New(1, 16, 2, 2)}, target{latent: latent}, "16 latent channels and the model wants 4"},
		"inpainting from another VAE": {inpaintSight, Cond{Picture: tensor.New(1, 16, 2, 2), PictureMask: tensor.New(1, 1, 2, 2)}, target{latent: latent}, "16 latent channels"},
		"a picture without items":     {editSight, Cond{Picture: tensor.New(0, 4, 2, 2)}, target{latent: latent}, "without items"},
		"inpainting other latents":    {inpaintSight, Cond{}, target{latent: tensor.New(1, 16, 2, 2)}, "4 channels, not 16"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := planesModel(tt.sees).planes(tt.cond, tt.target); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one that says %q", err, tt.want)
			}
		})
	}
}

func TestSightOf(t *testing.T) {
	tests := map[string]struct {
		channels int
		family   weights.Family
		predicts weights.Prediction
		want     sight
		refused  bool
	}{
		"SD 1.x":               {4, weights.SD1, weights.Epsilon, latentOnly, false},
		"SD 1.x inpainting":    {9, weights.SD1, weights.Epsilon, inpaintSight, false},
		"SD 2.x inpainting":    {9, weights.SD2, weights.Epsilon, inpaintSight, false},
		"SDXL inpainting":      {9, weights.SDXL, weights.Epsilon, inpaintSight, false},
		"InstructPix2Pix":      {8, weights.SD1, weights.Epsilon, editSight, false},
		"SDXL InstructPix2Pix": {8, weights.SDXL, weights.Epsilon, editSight, false},
		"CosXL edit":           {8, weights.SDXL, weights.VEDM, scaledEditSight, false},
		"depth":                {5, weights.SD2, weights.Epsilon, 0, true},
		"8 channels of SD 2.x": {8, weights.SD2, weights.Epsilon, 0, true},
		"a ninth of nothing":   {10, weights.SD1, weights.Epsilon, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := sightOf(model.UNetConfig{InChannels: tt.channels, OutChannels: 4}, tt.family, tt.predicts)
			if got != tt.want || errors.Is(err, model.ErrUnsupported) != tt.refused {
				t.Errorf("sees %v (error %v), want %v", got, err, tt.want)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	tests := map[string]struct {
		have, n int
		want    []float32
	}{
		"as many":      {3, 3, []float32{0, 1, 2}},
		"one":          {3, 1, []float32{0}},
		"fewer":        {5, 3, []float32{0, 2, 4}},
		"half to even": {4, 3, []float32{0, 2, 3}},
		"more":         {2, 5, []float32{0, 0, 1, 1, 1}},
		"of one":       {1, 3, []float32{0, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := tensor.New(tt.have, 1)
			for i := range in.Data {
				in.Data[i] = float32(i)
			}
			if got := spread(in, tt.n).Data; !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// planesSeen is a predictor that gives back the first plane that it sees.
type planesSeen struct{}

func (planesSeen) predict(_ context.Context, call modelCall) (prediction, error) {
	out := tensor.New(call.x.Shape...)
	for b := range out.Dim(0) {
		first := channelRange(call.planes.Rows(b, b+1), 0, 1).Data
		for c := range out.Dim(1) {
			copy(out.Data[(b*out.Dim(1)+c)*len(first):], first)
		}
	}
	return prediction{x0: out}, nil
}

// TestPlanesFollowAreas: an entry with an area sees what of its picture lies there, each item of a batch its own.
func TestPlanesFollowAreas(t *testing.T) {
	m := planesModel(editSight)
	m.sampling = sampling.ModelSampling{Levels: tenToZero{}}
	picture := tensor.New(2, 4, 4, 8)
	for i := range picture.Data {
		picture.Data[i] = float32(i/128*100 + i%32) // 100 a picture, 1 a cell
	}
	c := prompt(0, 77).WithPicture(Latent{Samples: picture}, nil).WithArea(Area{Height: 2, Width: 2, Y: 1, X: 3}, 1)
	lists, err := m.prepare([]Conditioning{c}, 1, target{latent: tensor.New(2, 4, 4, 8)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := average(t.Context(), planesSeen{}, question{x: tensor.New(2, 4, 4, 8), sigma: 1, sides: []side{{entries: lists[0]}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.x0[0].Data {
		y, x := i/8%4, i%8
		want := float32(0)
		if y >= 1 && y < 3 && x >= 3 && x < 5 {
			want = picture.Data[i/128*128+i%32]
		}
		if v != want {
			t.Fatalf("item %d, cell (%d,%d) is %v, want %v", i/128, x, y, v, want)
		}
	}
}
