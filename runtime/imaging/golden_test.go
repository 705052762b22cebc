package imaging

import (
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
)

func TestGoldenLatentPreview(t *testing.T) {
	maps := map[string]LatentRGB{"preview.sd15": LatentRGBSD15, "preview.sdxl": LatentRGBSDXL}
	const input = "preview.x0"
	for _, path := range goldentest.Files(t, "unit", "*.safetensors") {
		file := goldentest.Load(t, path)
		if !file.Has(input) {
			continue
		}
		for _, name := range file.Names() {
			if !strings.HasPrefix(name, "preview.") || name == input {
				continue
			}
			m, ok := maps[name]
			if !ok {
				goldentest.Waiting(t, name, "previews through a small decoder come later")
				continue
			}
			t.Run(name, func(t *testing.T) {
				f, err := m.Preview(file.Get(t, input))
				if err != nil {
					t.Fatal(err)
				}
				want := file.Get(t, name)
				if f.Height != want.Dim(0) || f.Width != want.Dim(1) {
					t.Fatalf("preview is %dx%d, want %v", f.Width, f.Height, want.Shape)
				}
				for i, v := range want.Data {
					got := int(f.Pixels[i/3*4+i%3])
					if d := got - int(v); d < -1 || d > 1 { // previews are held to 1 level
						t.Fatalf("level %d is %d, want %v", i, got, v)
					}
				}
			})
		}
	}
}
