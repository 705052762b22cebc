package runtime

import (
	"context"
	"errors"
	"testing"

	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// plusOne is a graph with 1 kB of weights; builds counts how often it is made.
func plusOne(key string, builds *int) GraphSpec {
	return GraphSpec{Key: key, Runs: 1, Work: 1, Build: func() (*onnx.Graph, error) {
		*builds++
		b := onnx.NewBuilder(key)
		x := b.Input("x", onnx.Float32, 256)
		b.Output("y", b.Add(x, b.Const("one", tensor.Full(1, 256).Data, 256)))
		return b.Graph()
	}}
}

func testCache(t *testing.T, limit int64) *sessionCache {
	rt := ortest.Setup(t)
	s := &sessionCache{open: func() (*ort.Runtime, error) { return rt, nil }, policy: WeightsAuto, limit: limit, compiled: map[string]*compiled{}}
	t.Cleanup(s.close)
	return s
}

func TestSessionCache(t *testing.T) {
	s := testCache(t, 2500) // two graphs fit
	builds := map[string]*int{"a": new(int), "b": new(int), "c": new(int)}
	use := func(key string) {
		t.Helper()
		session, release, err := s.acquire(t.Context(), plusOne(key, builds[key]))
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		y, err := session.Run(t.Context(), map[string]ort.Value{"x": ort.FromTensor(tensor.Full(2, 256))}, "y")
		if err != nil {
			t.Fatal(err)
		}
		if y[0].Data[255] != 3 {
			t.Fatalf("2 + 1 = %g", y[0].Data[255])
		}
	}
	for _, key := range []string{"a", "b", "a", "c", "a", "b"} {
		use(key)
	}
	// c pushes b out, which was used longest ago; b then comes back.
	for key, want := range map[string]int{"a": 1, "b": 2, "c": 1} {
		if *builds[key] != want {
			t.Errorf("%s was built %d times, want %d", key, *builds[key], want)
		}
	}
}

func TestSessionCacheKeepsWhatIsUsed(t *testing.T) {
	s := testCache(t, 1) // nothing fits
	var builds int
	session, release, err := s.acquire(t.Context(), plusOne("held", &builds))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var others int
	_, releaseOther, err := s.acquire(t.Context(), plusOne("other", &others))
	if err != nil {
		t.Fatal(err)
	}
	releaseOther()
	if _, err := session.Run(t.Context(), map[string]ort.Value{"x": ort.FromTensor(tensor.New(256))}, "y"); err != nil {
		t.Errorf("a session in use was closed: %v", err)
	}
}

func TestSessionCacheOnce(t *testing.T) {
	s := testCache(t, 1<<20)
	var builds int
	spec := plusOne("once", &builds)
	spec.Once = true
	_, first, err := s.acquire(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := s.acquire(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	first()
	if len(s.compiled) != 1 || builds != 1 {
		t.Errorf("%d sessions of %d builds while one is in use", len(s.compiled), builds)
	}
	second()
	if len(s.compiled) != 0 {
		t.Error("the session is kept although nobody uses it")
	}
}

func TestSessionCacheErrors(t *testing.T) {
	s := testCache(t, 1<<20)
	wrong := errors.New("wrong weights")
	spec := GraphSpec{Key: "bad", Build: func() (*onnx.Graph, error) { return nil, wrong }}
	for range 2 {
		if _, _, err := s.acquire(t.Context(), spec); !errors.Is(err, wrong) {
			t.Errorf("error %v, want %v", err, wrong)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var builds int
	if _, _, err := s.acquire(ctx, plusOne("cancelled", &builds)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	_, release, err := s.acquire(t.Context(), plusOne("cancelled", &builds))
	if err != nil {
		t.Fatalf("after a cancelled load: %v", err)
	}
	release()
}

// TestSessionCacheOutlivesImpatience: a load that ends because the caller who began it gave up is begun anew for those who wait.
func TestSessionCacheOutlivesImpatience(t *testing.T) {
	for _, gaveUp := range []error{context.Canceled, context.DeadlineExceeded} {
		t.Run(gaveUp.Error(), func(t *testing.T) {
			var loads, builds int
			spec := plusOne("slow", &builds)
			build := spec.Build
			spec.Build = func() (*onnx.Graph, error) {
				if loads++; loads == 1 {
					return nil, gaveUp
				}
				return build()
			}
			_, release, err := testCache(t, 1<<20).acquire(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if loads != 2 || builds != 1 {
				t.Errorf("%d loads, %d graphs built; want 2 and 1", loads, builds)
			}
		})
	}
}

func TestWeightsPolicy(t *testing.T) {
	tests := map[string]struct {
		policy WeightsPolicy
		spec   GraphSpec
		want   ort.Level
	}{
		"few runs stay mapped":         {WeightsAuto, GraphSpec{Runs: 4, Work: unetWork * 2 * 32 * 32}, ort.Mapped},
		"many are packed":              {WeightsAuto, GraphSpec{Runs: 30, Work: unetWork * 2 * 32 * 32}, ort.Packed},
		"large latents pack sooner":    {WeightsAuto, GraphSpec{Runs: 8, Work: unetWork * 2 * 64 * 64}, ort.Packed},
		"one decode is worth it":       {WeightsAuto, GraphSpec{Runs: 1, Work: vaeWork * 32 * 32}, ort.Packed},
		"one prompt is not":            {WeightsAuto, GraphSpec{Runs: 1, Work: 2 * 2 * 77}, ort.Mapped},
		"mapped whatever is to come":   {WeightsMapped, GraphSpec{Runs: 1000, Work: 1e6}, ort.Stored},
		"packed even for a single run": {WeightsPacked, GraphSpec{Runs: 1, Work: 1}, ort.Packed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.policy.level(tt.spec); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}
