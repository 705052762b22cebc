package nodes_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/nodes"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// workers are the classes that compute on pictures, masks and latents alone.
var workers = []any{
	nodes.EmptyImage{}, nodes.ImageScale{}, nodes.ImageScaleBy{}, nodes.ImageInvert{}, nodes.ImageBatch{},
	nodes.ImagePadForOutpaint{}, nodes.ImageCompositeMasked{}, nodes.ImageBlend{}, nodes.PorterDuffImageComposite{},
	nodes.SplitImageWithAlpha{}, nodes.JoinImageWithAlpha{}, nodes.ImageBlur{}, nodes.ImageSharpen{}, nodes.ImageQuantize{},
	nodes.ImageAddNoise{}, nodes.Morphology{}, nodes.Canny{}, nodes.ImageRGBToYUV{}, nodes.ImageYUVToRGB{}, nodes.RepeatImageBatch{},
	nodes.ImageFromBatch{}, nodes.RebatchImages{}, nodes.ImageCrop{}, nodes.ImageScaleToMaxDimension{}, nodes.ResizeAndPadImage{},
	nodes.ImageStitch{}, nodes.ImageRotate{}, nodes.ImageFlip{}, nodes.GetImageSize{},
	nodes.MaskToImage{}, nodes.ImageToMask{}, nodes.ImageColorToMask{}, nodes.SolidMask{}, nodes.InvertMask{}, nodes.CropMask{},
	nodes.MaskComposite{}, nodes.FeatherMask{}, nodes.GrowMask{}, nodes.ThresholdMask{},
	nodes.EmptyLatentImage{}, nodes.SetLatentNoiseMask{}, nodes.LatentUpscale{}, nodes.LatentUpscaleBy{}, nodes.LatentComposite{},
	nodes.LatentCompositeMasked{}, nodes.LatentRotate{}, nodes.LatentFlip{}, nodes.LatentCrop{}, nodes.LatentFromBatch{},
	nodes.RepeatLatentBatch{}, nodes.LatentBatch{}, nodes.LatentBatchSeedBehavior{}, nodes.RebatchLatents{}, nodes.LatentBlend{},
	nodes.LatentAdd{}, nodes.LatentSubtract{}, nodes.LatentMultiply{}, nodes.LatentInterpolate{}, nodes.LatentConcat{}, nodes.LatentCut{},
}

// TestAnyInput runs each class on many inputs that its limits allow, of small and odd sizes: it gives a result or an error, and what
// comes out is whole. The draws are the same in every run.
func TestAnyInput(t *testing.T) {
	for _, class := range workers {
		kind := reflect.TypeOf(class)
		t.Run(kind.Name(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			done := 0
			for range 300 {
				node := newDrawer(r).node(t, kind)
				result, err := run(t, node)
				if err != nil {
					continue
				}
				done++
				if problem := broken(result); problem != "" {
					t.Fatalf("%s: %s", show(node), problem)
				}
			}
			if done == 0 {
				t.Error("no draw gave a result")
			}
		})
	}
}

// run calls Run and turns a panic into a failure that shows the inputs.
func run(t *testing.T, node reflect.Value) (result reflect.Value, err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s: panic: %v", show(node), p)
		}
	}()
	out := node.MethodByName("Run").Call([]reflect.Value{reflect.ValueOf(t.Context())})
	err, _ = out[1].Interface().(error)
	return out[0], err
}

// show is the inputs of a node, of tensors the shape.
func show(node reflect.Value) string {
	var parts []string
	for i := range node.NumField() {
		f := node.Type().Field(i)
		if f.Name == "_" {
			continue
		}
		v := node.Field(i).Interface()
		switch x := v.(type) {
		case runtime.Image:
			v = x.Shape
		case runtime.Mask:
			v = x.Shape
		case *runtime.Mask:
			if x != nil {
				v = x.Shape
			}
		case runtime.Latent:
			v = fmt.Sprint(x.Samples.Shape, " at ", x.BatchIndex)
		}
		parts = append(parts, fmt.Sprintf("%s=%v", f.Name, v))
	}
	return node.Type().Name() + " " + strings.Join(parts, " ")
}

// drawer makes up the inputs of one node.
type drawer struct {
	*rand.Rand
	batch, height, width int
	alike                bool // all tensors have this size
}

func newDrawer(r *rand.Rand) drawer {
	d := drawer{Rand: r, alike: r.IntN(3) == 0}
	d.batch, d.height, d.width = d.size()
	return d
}

// size is that of one tensor: sides are mostly small, and then often 1.
func (r drawer) size() (batch, height, width int) {
	if r.alike && r.batch > 0 {
		return r.batch, r.height, r.width
	}
	side := func() int { return 1 + r.IntN(1+r.IntN(20)) }
	return 1 + r.IntN(3), side(), side()
}

// node fills the inputs of a class within their limits.
func (r drawer) node(t *testing.T, class reflect.Type) reflect.Value {
	t.Helper()
	node := reflect.New(class).Elem()
	for i := range class.NumField() {
		f := class.Field(i)
		if f.Name == "_" || f.Name == "UniqueID" {
			continue
		}
		node.Field(i).Set(r.input(t, f, f.Type))
	}
	return node
}

func (r drawer) input(t *testing.T, f reflect.StructField, kind reflect.Type) reflect.Value {
	t.Helper()
	batch, height, width := r.size()
	switch reflect.Zero(kind).Interface().(type) {
	case runtime.Image:
		return reflect.ValueOf(runtime.Image{Tensor: r.filled(batch, height, width, 3+r.IntN(2))})
	case runtime.Mask:
		return reflect.ValueOf(runtime.Mask{Tensor: r.filled(batch, height, width)})
	case runtime.Latent:
		l := runtime.Latent{Samples: r.filled(batch, 4, height, width)}
		if r.IntN(2) == 0 {
			n, h, w := r.size()
			l.NoiseMask = r.filled(n, 1, h, w)
		}
		if r.IntN(2) == 0 {
			for range l.Samples.Dim(0) {
				l.BatchIndex = append(l.BatchIndex, r.IntN(9))
			}
		}
		return reflect.ValueOf(l)
	}
	if c, ok := reflect.Zero(kind).Interface().(interface{ Choices() []string }); ok {
		return reflect.ValueOf(c.Choices()[r.IntN(len(c.Choices()))]).Convert(kind)
	}
	switch kind.Kind() {
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			return reflect.Zero(kind)
		}
		p := reflect.New(kind.Elem())
		p.Elem().Set(r.input(t, f, kind.Elem()))
		return p
	case reflect.Slice:
		list := reflect.MakeSlice(kind, 0, 3)
		for range r.IntN(4) {
			list = reflect.Append(list, r.input(t, f, kind.Elem()))
		}
		return list
	case reflect.Bool:
		return reflect.ValueOf(r.IntN(2) == 0)
	case reflect.String:
		choices := strings.Split(f.Tag.Get("enum"), "|")
		return reflect.ValueOf(choices[r.IntN(len(choices))])
	case reflect.Uint64:
		return reflect.ValueOf(r.Uint64())
	case reflect.Int:
		low, high := limits(t, f)
		// Small numbers most of the time: large ones only cost time.
		if n := low + float64(r.IntN(100)); r.IntN(20) > 0 && n <= high {
			return reflect.ValueOf(int(n))
		}
		return reflect.ValueOf(int(max(low, min(high, float64(r.IntN(41)-20)))))
	case reflect.Float64:
		low, high := limits(t, f)
		return reflect.ValueOf([]float64{low, high, low + r.Float64()*(high-low)}[r.IntN(3)])
	}
	t.Fatalf("no value for input %s of type %s", f.Name, kind)
	return reflect.Value{}
}

func limits(t *testing.T, f reflect.StructField) (low, high float64) {
	t.Helper()
	for tag, v := range map[string]*float64{"min": &low, "max": &high} {
		var err error
		if *v, err = strconv.ParseFloat(f.Tag.Get(tag), 64); err != nil {
			t.Fatalf("input %s: tag %s: %v", f.Name, tag, err)
		}
	}
	return low, high
}

func (r drawer) filled(shape ...int) *tensor.Tensor {
	out := tensor.New(shape...)
	for i := range out.Data {
		out.Data[i] = r.Float32()
	}
	return out
}

// broken says what is wrong with a result, "" where nothing is: tensors have as many values as their shape says and at least one,
// and a latent has a place for each item or none.
func broken(result reflect.Value) string {
	switch v := result.Interface().(type) {
	case runtime.Image:
		return brokenTensor(v.Tensor, 4)
	case runtime.Mask:
		return brokenTensor(v.Tensor, 3)
	case runtime.Latent:
		if v.BatchIndex != nil && len(v.BatchIndex) != v.Samples.Dim(0) {
			return fmt.Sprintf("%d places for %d items", len(v.BatchIndex), v.Samples.Dim(0))
		}
		return brokenTensor(v.Samples, 4)
	}
	switch result.Kind() {
	case reflect.Struct:
		for i := range result.NumField() {
			if problem := broken(result.Field(i)); problem != "" {
				return problem
			}
		}
	case reflect.Slice:
		for i := range result.Len() {
			if problem := broken(result.Index(i)); problem != "" {
				return problem
			}
		}
	}
	return ""
}

func brokenTensor(x *tensor.Tensor, axes int) string {
	if x == nil || len(x.Shape) != axes || x.Len() == 0 || x.Len() != tensor.Size(x.Shape) {
		return fmt.Sprintf("result %+v; want %d axes and at least one value", x, axes)
	}
	return ""
}
