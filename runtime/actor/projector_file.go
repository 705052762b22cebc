package actor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Encode writes a projector as a .safetensors file; half rounds its values to float16, for half the size.
func (p Projector) Encode(ctx context.Context, w io.Writer, half bool) error {
	if len(p.Values) == 0 {
		return fmt.Errorf("this projector is empty: %w", ErrFile)
	}
	entry := weights.Float32Entry
	if half {
		entry = weights.Float16Entry
	}
	pairs := append(p.metadata(), weights.Pair{Key: "kind", Value: projectorKind}, weights.Pair{Key: "format", Value: fileFormat},
		weights.Pair{Key: "family", Value: string(p.Model.Family)}, weights.Pair{Key: "fingerprint", Value: p.Model.Fingerprint},
		weights.Pair{Key: "origin", Value: p.Notes.Origin}, weights.Pair{Key: "licence", Value: p.Notes.Licence})
	slices.SortStableFunc(pairs, func(x, y weights.Pair) int { return bytes.Compare([]byte(x.Key), []byte(y.Key)) })
	return weights.Encode(ctx, w, pairs, p.entries(entry))
}

// Save writes the projector under a name in models/projectors; where the name is taken, the new file gets a number.
func (p Projector) Save(ctx context.Context, rt *runtime.Runtime, name string, half bool) (string, error) {
	saved, _, err := rt.Folders.SaveModel(ctx, "projectors", name, func(w io.Writer) error { return p.Encode(ctx, w, half) })
	return saved, err
}

// LoadProjector reads a projector by its name in models/projectors.
func LoadProjector(rt *runtime.Runtime, name string) (Projector, error) {
	path, err := rt.Folders.Find("projectors", name)
	if err != nil {
		return Projector{}, err
	}
	f, err := weights.Open(path)
	if err != nil {
		return Projector{}, fmt.Errorf("projector file: %w: %w", err, ErrFile)
	}
	defer f.Close()
	m := f.Metadata()
	if err := checkKind(m, projectorKind); err != nil {
		return Projector{}, fmt.Errorf("projector file %s: %w: %w", path, err, ErrFile)
	}
	p, err := readProjector(f)
	if err != nil {
		return Projector{}, fmt.Errorf("projector file %s: %w: %w", path, err, ErrFile)
	}
	p.Model = runtime.Identity{Family: weights.Family(clean(m["family"])), Fingerprint: clean(m["fingerprint"])}
	p.Notes.Origin, p.Notes.Licence = clean(m["origin"]), clean(m["licence"])
	return p, nil
}

// readProjector reads the parameters "phi.…" of a file; sizes that cannot be seen in them are in the metadata.
func readProjector(f *weights.File) (Projector, error) {
	m := f.Metadata()
	var p Projector
	var err error
	for key, n := range map[string]*int{
		"phi_height": &p.Config.Height, "phi_width": &p.Config.Width, "phi_clusters": &p.Notes.Clusters, "phi_steps": &p.Notes.Steps,
	} {
		if *n, err = number(m, key); err != nil {
			return p, err
		}
	}
	p.Config.Stages = 2
	if _, ok := f.Info("phi.net.3.0.conv1.weight"); ok {
		p.Config.Stages = 3
	}
	stem, _ := f.Info("phi.net.0.0.weight")
	last, _ := f.Info(fmt.Sprintf("phi.net.%d.weight", p.Config.Stages+3))
	if len(stem.Shape) != 4 || len(last.Shape) != 1 {
		return p, fmt.Errorf("the projector's parameters are missing")
	}
	if stem.Shape[1] > 1<<14 || last.Shape[0] > widestDelta || p.Config.Height > 1<<10 || p.Config.Width > 1<<10 {
		return p, fmt.Errorf("the projector's sizes are out of all bounds")
	}
	p.Config.Channels, p.Config.Dim = int(stem.Shape[1]), int(last.Shape[0])
	if err := p.Config.Check(); err != nil {
		return p, err
	}
	for _, q := range p.Config.Parameters() {
		v, err := readParameter(f, q)
		if err != nil {
			return p, err
		}
		p.Values = append(p.Values, v)
	}
	return p, nil
}

func readParameter(f *weights.File, q model.ProjectorParameter) (*tensor.Tensor, error) {
	info, ok := f.Info("phi." + q.Name)
	if !ok || !slices.EqualFunc(info.Shape, q.Shape, func(a int64, b int) bool { return a == int64(b) }) {
		return nil, fmt.Errorf("parameter %s has shape %v, want %v", q.Name, info.Shape, q.Shape)
	}
	v, err := f.Float32("phi." + q.Name)
	if err == nil && !finite(v.Data) {
		err = fmt.Errorf("parameter %s holds values that are no numbers", q.Name)
	}
	return v, err
}
