package nodes_test

import (
	"context"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// ramp is a batch of pictures whose red counts up by 1/64 from pixel to pixel, row by row.
func ramp(batch, height, width int) runtime.Image {
	i := runtime.Image{Tensor: tensor.New(batch, height, width, 3)}
	for p := range batch * height * width {
		i.Data[3*p] = float32(p) / 64
	}
	return i
}

// TestPictureNodes runs nodes on a picture of 4 x 2 pixels. Their work is tested where it is done; this is about inputs that land
// in the right place, such as width and height.
func TestPictureNodes(t *testing.T) {
	i := ramp(1, 2, 4)
	other := solid(2, 2, 1, 0x00ff00)
	type node interface {
		Run(context.Context) (runtime.Image, error)
	}
	tests := map[string]struct {
		node  node
		shape []int
		first []float32 // pixel
	}{
		"crop":                     {nodes.ImageCrop{Image: i, X: 1, Y: 1, Width: 3, Height: 1}, []int{1, 1, 3, 3}, []float32{5. / 64, 0, 0}},
		"crop beyond":              {nodes.ImageCrop{Image: i, X: 3, Y: 0, Width: 9, Height: 9}, []int{1, 2, 1, 3}, []float32{3. / 64, 0, 0}},
		"rotate":                   {nodes.ImageRotate{Image: i, Rotation: "90 degrees"}, []int{1, 4, 2, 3}, []float32{4. / 64, 0, 0}},
		"rotate not":               {nodes.ImageRotate{Image: i, Rotation: "none"}, []int{1, 2, 4, 3}, []float32{0, 0, 0}},
		"flip upside down":         {nodes.ImageFlip{Image: i, FlipMethod: "x-axis: vertically"}, []int{1, 2, 4, 3}, []float32{4. / 64, 0, 0}},
		"flip":                     {nodes.ImageFlip{Image: i, FlipMethod: "y-axis: horizontally"}, []int{1, 2, 4, 3}, []float32{3. / 64, 0, 0}},
		"repeat":                   {nodes.RepeatImageBatch{Image: i, Amount: 3}, []int{3, 2, 4, 3}, []float32{0, 0, 0}},
		"from batch":               {nodes.ImageFromBatch{Image: ramp(3, 1, 2), BatchIndex: 1, Length: 9}, []int{2, 1, 2, 3}, []float32{2. / 64, 0, 0}},
		"to a longest side":        {nodes.ImageScaleToMaxDimension{Image: i, UpscaleMethod: "nearest-exact", LargestSize: 8}, []int{1, 4, 8, 3}, []float32{0, 0, 0}},
		"into a size":              {nodes.ResizeAndPadImage{Image: i, TargetWidth: 4, TargetHeight: 6, PaddingColor: "white", Interpolation: "area"}, []int{1, 6, 4, 3}, []float32{1, 1, 1}},
		"stitch, no second":        {nodes.ImageStitch{Image1: i}, []int{1, 2, 4, 3}, []float32{0, 0, 0}},
		"stitch to the left":       {nodes.ImageStitch{Image1: i, Image2: &other, Direction: "left", SpacingWidth: 2, SpacingColor: "red"}, []int{1, 2, 8, 3}, []float32{0, 1, 0}},
		"blend":                    {nodes.ImageBlend{Image1: i, Image2: solid(4, 2, 1, 0xffffff), BlendFactor: 0.25, BlendMode: "normal"}, []int{1, 2, 4, 3}, []float32{0.25, 0.25, 0.25}},
		"composite":                {nodes.ImageCompositeMasked{Destination: i, Source: other, X: 0, Y: 0}, []int{1, 2, 4, 3}, []float32{0, 1, 0}},
		"noise of no strength":     {nodes.ImageAddNoise{Image: i, Seed: 1, Strength: 0}, []int{1, 2, 4, 3}, []float32{0, 0, 0}},
		"edges of nothing":         {nodes.Canny{Image: solid(5, 4, 2, 0x808080), LowThreshold: 0.1, HighThreshold: 0.2}, []int{2, 4, 5, 3}, []float32{0, 0, 0}},
		"dilate":                   {nodes.Morphology{Image: i, Operation: "dilate", KernelSize: 3}, []int{1, 2, 4, 3}, []float32{5. / 64, 0, 0}},
		"luma and chroma of black": {nodes.ImageYUVToRGB{Y: solid(4, 2, 1, 0), U: solid(4, 2, 1, 0x808080), V: solid(4, 2, 1, 0x808080)}, []int{1, 2, 4, 3}, nil},
		"alpha":                    {nodes.JoinImageWithAlpha{Image: i, Alpha: runtime.SolidMask(1, 4, 2)}, []int{1, 2, 4, 4}, []float32{0, 0, 0, 0}},
		"mask as a picture":        {nodes.MaskToImage{Mask: runtime.SolidMask(0.5, 3, 2)}, []int{1, 2, 3, 3}, []float32{0.5, 0.5, 0.5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.node.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Shape, tt.shape) {
				t.Fatalf("shape %v, want %v", got.Shape, tt.shape)
			}
			if tt.first != nil && !slices.Equal(got.Data[:len(tt.first)], tt.first) {
				t.Errorf("first pixel %v, want %v", got.Data[:len(tt.first)], tt.first)
			}
		})
	}
}

func TestMaskNodes(t *testing.T) {
	m := runtime.SolidMask(0.25, 4, 2)
	type node interface {
		Run(context.Context) (runtime.Mask, error)
	}
	tests := map[string]struct {
		node  node
		shape []int
		first float32
	}{
		"solid":     {nodes.SolidMask{Value: 0.5, Width: 3, Height: 1}, []int{1, 1, 3}, 0.5},
		"invert":    {nodes.InvertMask{Mask: m}, []int{1, 2, 4}, 0.75},
		"crop":      {nodes.CropMask{Mask: m, X: 1, Y: 1, Width: 3, Height: 1}, []int{1, 1, 3}, 0.25},
		"composite": {nodes.MaskComposite{Destination: m, Source: m, Operation: "add"}, []int{1, 2, 4}, 0.5},
		"feather":   {nodes.FeatherMask{Mask: m, Left: 2}, []int{1, 2, 4}, 0.125},
		"grow":      {nodes.GrowMask{Mask: m, Expand: 1}, []int{1, 2, 4}, 0.25},
		"threshold": {nodes.ThresholdMask{Mask: m, Value: 0.2}, []int{1, 2, 4}, 1},
		"channel":   {nodes.ImageToMask{Image: solid(4, 2, 1, 0x00ff00), Channel: "green"}, []int{1, 2, 4}, 1},
		"colour":    {nodes.ImageColorToMask{Image: solid(4, 2, 1, 0x00ff00), Color: 0x00ff00}, []int{1, 2, 4}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.node.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Shape, tt.shape) || got.Data[0] != tt.first {
				t.Errorf("shape %v, first value %v; want %v and %v", got.Shape, got.Data[0], tt.shape, tt.first)
			}
		})
	}
}

func TestRebatchImages(t *testing.T) {
	list := []runtime.Image{ramp(2, 2, 4), ramp(1, 2, 4)}
	got, err := nodes.RebatchImages{Images: list, BatchSize: []int{2, 7}}.Run(t.Context())
	if err != nil || len(got) != 2 || got[0].Dim(0) != 2 || got[1].Dim(0) != 1 {
		t.Errorf("%d batches (%v), want batches of 2 and 1", len(got), err)
	}
	for name, n := range map[string]nodes.RebatchImages{
		"no size":         {Images: list},
		"sizes differ":    {Images: append(list, ramp(1, 4, 4)), BatchSize: []int{9}},
		"a size below 1":  {Images: list, BatchSize: []int{0}},
		"channels differ": {Images: append(list, runtime.Image{Tensor: tensor.New(1, 2, 4, 4)}), BatchSize: []int{9}},
	} {
		if got, err := n.Run(t.Context()); err == nil {
			t.Errorf("%s: %d batches and no error", name, len(got))
		}
	}
}

// TestGetImageSize runs outside of the engine, where the text that the node sends goes nowhere.
func TestGetImageSize(t *testing.T) {
	got, err := nodes.GetImageSize{Image: ramp(3, 2, 4)}.Run(t.Context())
	if err != nil || got != (nodes.ImageSize{Width: 4, Height: 2, BatchSize: 3}) {
		t.Errorf("got %+v (%v)", got, err)
	}
}

// TestPixelSpace loads the VAE that needs no file and decodes with it.
func TestPixelSpace(t *testing.T) {
	ctx, _ := emptyRuntime(t, false)
	vae, err := nodes.VAELoader{VAEName: "pixel_space"}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	latent, err := nodes.VAEEncode{Pixels: ramp(1, 2, 4), VAE: vae}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := nodes.VAEDecode{Samples: latent, VAE: vae}.Run(ctx)
	if err != nil || !slices.Equal(picture.Shape, []int{1, 2, 4, 3}) {
		t.Errorf("shape %v (%v)", picture.Shape, err)
	}
}

// TestPrimitives passes values through.
func TestPrimitives(t *testing.T) {
	ctx := t.Context()
	if v, err := (nodes.PrimitiveInt{Value: -3}).Run(ctx); v != -3 || err != nil {
		t.Error(v, err)
	}
	if v, err := (nodes.PrimitiveFloat{Value: 0.5}).Run(ctx); v != 0.5 || err != nil {
		t.Error(v, err)
	}
	if v, err := (nodes.PrimitiveBoolean{Value: true}).Run(ctx); !v || err != nil {
		t.Error(v, err)
	}
	if v, err := (nodes.PrimitiveString{Value: "a"}).Run(ctx); v != "a" || err != nil {
		t.Error(v, err)
	}
	if v, err := (nodes.PrimitiveStringMultiline{Value: "a\nb"}).Run(ctx); v != "a\nb" || err != nil {
		t.Error(v, err)
	}
}
