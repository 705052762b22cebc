package imaging

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestEncodeWebPBadInput(t *testing.T) {
	frame := func(w, h int) Frame { return Frame{Width: w, Height: h, Pixels: make([]uint8, w*h*4)} }
	tests := map[string]struct {
		frames []Frame
		want   string
	}{
		"none":            {nil, "without a picture"},
		"too wide":        {[]Frame{frame(16384, 1)}, "16383"},
		"no pixels":       {[]Frame{frame(0, 4)}, "sides must be"},
		"different sizes": {[]Frame{frame(4, 4), frame(4, 5)}, "picture 1 is 4x5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := EncodeWebP(t.Context(), &out, tt.frames, WebPOptions{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("%d bytes were written", out.Len())
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := EncodeWebP(ctx, &bytes.Buffer{}, []Frame{frame(1, 1)}, WebPOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
