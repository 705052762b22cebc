package runtime

import (
	"bytes"
	"image/jpeg"
	"image/png"
	"testing"

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
			})
			tell(0, 2, tensor.New(1, tt.channels, 3, 5))
			tell(1, 2, tensor.New(1, tt.channels, 3, 5))
			if told != 2 || (shown == 2) != tt.want {
				t.Errorf("told %d times, %d previews", told, shown)
			}
		})
	}
}
