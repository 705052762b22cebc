package score_test

import (
	"math"
	"testing"

	"github.com/oneactor/oneactor/runtime/score"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestPlane(t *testing.T) {
	// A rectangle of 6 by 2 in a slanted plane of four dimensions: u = (1,1,0,0)/√2, w = (0,0,1,-1)/√2.
	var data []float32
	for _, p := range [][2]float64{{3, 1}, {3, -1}, {-3, 1}, {-3, -1}} {
		u, w := float32(p[0]/math.Sqrt2), float32(p[1]/math.Sqrt2)
		data = append(data, 7+u, 8+u, 9+w, -w)
	}
	places, share, err := score.Plane(&tensor.Tensor{Shape: []int{4, 1, 2, 2}, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(share-1) > 1e-6 {
		t.Errorf("share %v, want 1", share)
	}
	for i, p := range places {
		if math.Abs(math.Abs(p[0])-3) > 1e-5 || math.Abs(math.Abs(p[1])-1) > 1e-5 {
			t.Errorf("place %d is %v, want (±3, ±1)", i, p)
		}
	}
	if d := math.Hypot(places[0][0]-places[3][0], places[0][1]-places[3][1]); math.Abs(d-math.Hypot(6, 2)) > 1e-5 {
		t.Errorf("distance of opposite corners %v", d)
	}
}

func TestPlaneEdges(t *testing.T) {
	for n, h := range []*tensor.Tensor{tensor.New(1, 3, 1, 1), tensor.Full(2, 2, 3, 1, 1)} {
		places, _, err := score.Plane(h)
		if err != nil || len(places) != n+1 || places[0] != [2]float64{} {
			t.Errorf("%d equal states: %v, error %v; want the origin", n+1, places, err)
		}
	}
	for name, h := range map[string]*tensor.Tensor{
		"none": tensor.New(0, 3, 1, 1), "nil": nil, "not finite": tensor.Full(float32(math.Inf(1)), 3, 2, 1, 1),
	} {
		if _, _, err := score.Plane(h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
