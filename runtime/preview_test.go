package runtime

import (
	"bytes"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestPreviewEncode(t *testing.T) {
	tests := map[string]struct {
		width, height int
		whole         bool
		mime          string
		w, h          int
	}{
		"made larger":  {8, 12, false, "image/jpeg", 43, 64},
		"made smaller": {200, 100, false, "image/jpeg", 64, 32},
		"whole":        {200, 100, true, "image/png", 200, 100},
		"one pixel":    {1, 1, false, "image/jpeg", 64, 64},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := Preview{Frame: waves(1, tt.height, tt.width, 3).Frames()[0], Whole: tt.whole}
			mime, file, err := p.Encode(64)
			if err != nil || mime != tt.mime {
				t.Fatalf("%s, %v; want %s", mime, err, tt.mime)
			}
			decode := jpeg.DecodeConfig
			if tt.whole {
				decode = png.DecodeConfig
			}
			c, err := decode(bytes.NewReader(file))
			if err != nil || c.Width != tt.w || c.Height != tt.h {
				t.Errorf("%dx%d, %v; want %dx%d", c.Width, c.Height, err, tt.w, tt.h)
			}
		})
	}
}

// TestPreviewMethods: without a decoder TAESD falls back to colours, and a latent that cannot be shown ends the previews and not the run.
func TestPreviewMethods(t *testing.T) {
	m := Model{format: sampling.SD15Latents}
	tests := map[string]struct {
		method   PreviewMethod
		channels int
		want     bool
	}{
		"none":            {PreviewNone, 4, false},
		"unset":           {"", 4, false},
		"auto":            {PreviewAuto, 4, true},
		"TAESD, no file":  {PreviewTAESD, 4, true},
		"strange latents": {PreviewAuto, 16, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rt := emptyRuntime(t)
			rt.previews = tt.method
			told, shown := 0, 0
			tell := rt.stepProgress(t.Context(), m, func(done, total int, picture *Preview) {
				if told++; done != told || total != 2 {
					t.Errorf("step %d of %d, want %d of 2", done, total, told)
				}
				if picture != nil {
					shown++
				}
			}, false)
			tell(0, 2, tensor.New(1, tt.channels, 3, 5))
			tell(1, 2, tensor.New(1, tt.channels, 3, 5))
			if told != 2 || (shown == 2) != tt.want {
				t.Errorf("told %d times, %d previews", told, shown)
			}
		})
	}
}

// TestPreviewAll: the pictures of a batch stand in rows.
func TestPreviewAll(t *testing.T) {
	rt := emptyRuntime(t)
	rt.previews = PreviewTAESD // which would decode the first alone
	x := tensor.New(5, 4, 2, 3)
	for i := range x.Data {
		x.Data[i] = float32(i / (4 * 2 * 3)) // the number of the picture
	}
	var f imaging.Frame
	rt.stepProgress(t.Context(), Model{format: sampling.SD15Latents}, func(_, _ int, picture *Preview) { f = picture.Frame }, true)(0, 1, x)
	if f.Width != 9 || f.Height != 4 {
		t.Fatalf("%dx%d pixels, want three columns and two rows of 3x2", f.Width, f.Height)
	}
	at := func(column, row int) [3]uint8 { return [3]uint8(f.Pixels[(2*row*9+3*column)*4:]) }
	one, err := imaging.LatentRGBSD15.Preview(x.Rows(4, 5))
	if err != nil {
		t.Fatal(err)
	}
	if want := [3]uint8(one.Pixels); at(1, 1) != want || at(0, 0) == want {
		t.Errorf("the fifth picture is %v, alone it is %v; the first is %v", at(1, 1), want, at(0, 0))
	}
}
