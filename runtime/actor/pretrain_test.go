package actor

import (
	"errors"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestPretrain(t *testing.T) {
	rt, tuning := demo(t)
	second := tuning.Cluster
	second.Prompt = "a picture of a cat"
	second.H = tensor.New(tuning.Cluster.H.Shape...)
	sampling.NewGenerator(9).Normal(second.H.Data)
	p := Pretraining{Tuning: tuning, Clusters: []Cluster{tuning.Cluster, second}, Words: []string{"bear", "cat", "robot"}}
	p.Schedule = CosineRate
	phi, err := Pretrain(t.Context(), rt, p)
	if err != nil {
		t.Fatal(err)
	}
	if phi.Notes.Clusters != 2 || phi.Notes.Steps != tuning.Steps {
		t.Errorf("notes %+v", phi.Notes)
	}
	again, err := Pretrain(t.Context(), rt, p)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range phi.Values {
		if !slices.Equal(v.Data, again.Values[i].Data) {
			t.Fatal("the same pre-training gives another projector the second time")
		}
	}
	a, err := phi.Actor(t.Context(), rt, second, "cat", Character)
	if err != nil {
		t.Fatal(err)
	}
	if a.Deltas.Dim(0) != 5 || a.Word != "cat" {
		t.Errorf("actor %+v", a)
	}
	// Tuning starts where pre-training ended.
	tuning.Projector, tuning.Steps = &phi, 0
	if tuned := mustTune(t, rt, tuning); tuned.Word != "robot" {
		t.Errorf("actor %+v", tuned)
	}

	if _, err := phi.Actor(t.Context(), rt, second, "robot", Character); !errors.Is(err, ErrWord) {
		t.Errorf("a word that the prompt lacks: %v", err)
	}
	if _, err := phi.Actor(t.Context(), rt, Cluster{H: tensor.New(5, 64, 4, 4)}, "robot", Character); err == nil {
		t.Error("a cluster of another model was mapped")
	}
	if _, err := (Projector{}).Actor(t.Context(), rt, second, "cat", Character); err == nil {
		t.Error("an empty projector made an actor")
	}
	for name, change := range map[string]func(p *Pretraining){
		"no clusters":      func(p *Pretraining) { p.Clusters = nil },
		"no word fits":     func(p *Pretraining) { p.Words = []string{"bear"} },
		"different states": func(p *Pretraining) { p.Clusters[1].H = tensor.New(5, 128, 2, 2) },
		"one picture": func(p *Pretraining) {
			p.Clusters[1].H, p.Clusters[1].Images = second.H.Rows(0, 1), runtime.Image{Tensor: second.Images.Rows(0, 1)}
		},
	} {
		bad := p
		bad.Clusters = slices.Clone(p.Clusters)
		change(&bad)
		if _, err := Pretrain(t.Context(), rt, bad); err == nil {
			t.Errorf("%s: it was pre-trained", name)
		}
	}
}

func TestSchedule(t *testing.T) {
	if f := ConstantRate.factor(199, 200); f != 1 {
		t.Errorf("constant: %v", f)
	}
	if first, last := CosineRate.factor(0, 200), CosineRate.factor(199, 200); first != 1 || last < 0.05 || last > 0.06 {
		t.Errorf("cosine from %v to %v", first, last)
	}
}

// TestNewProjector compares with torch.manual_seed(7) and the reference's module for an h of 8x3x2 and a width of 4, PyTorch 2.
func TestNewProjector(t *testing.T) {
	p := smallProjector(t)
	want := map[string][]float32{
		"net.0.0.weight":       {0.08070936, 0.09876819, -0.08521947, -0.03156573},
		"net.0.0.bias":         {-0.02369113, -0.0278362, -0.02724156, 0.008694991},
		"net.2.0.conv3.weight": {-0.4620056, 0.3234123, 0.21655, -0.4028206},
		"net.2.1.conv2.bias":   {0.08270184, -0.1482641},
		"net.4.weight":         {0.81533, -0.9838177, -0.4786439, -0.01685071},
		"net.4.bias":           {0.04394171, -0.008650471, -0.5671686, 0.159914},
	}
	for i, q := range p.Config.Parameters() {
		for k, v := range want[q.Name] {
			if d := p.Values[i].Data[k] - v; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s[%d] is %v, want %v", q.Name, k, p.Values[i].Data[k], v)
			}
		}
	}
}

// TestShippedProjector: the projector in models/projectors belongs to the shipped checkpoint.
func TestShippedProjector(t *testing.T) {
	rt, tuning := demo(t)
	p, err := LoadProjector(rt, "tiny-actors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := tuning.Model.Identity()
	if err != nil {
		t.Fatal(err)
	}
	if p.Model != identity {
		t.Errorf("it was trained with %+v, the checkpoint is %+v: make it again with oneactor bench projector", p.Model, identity)
	}
	if _, err := p.Actor(t.Context(), rt, tuning.Cluster, tuning.Word, Character); err != nil {
		t.Error(err)
	}
}
