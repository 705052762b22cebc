package actor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// fileFormat is the version of actor and projector files.
const fileFormat = "1"

// Kinds of files, so that one is not taken for another.
const (
	actorKind     = "oneactor.actor"
	projectorKind = "oneactor.projector"
)

// thumbnailSide is the longer side of a kept thumbnail in pixels; larger pictures are reduced, to keep files near 100 kB.
const thumbnailSide = 256

// Encode writes an actor as a .safetensors file: the deltas, the thumbnail as the bytes of a PNG, and everything else as metadata. With a
// projector its parameters are added, with h the states of the cluster, so that tuning can go on (about 240 MB for SD 1.5).
func (a Actor) Encode(ctx context.Context, w io.Writer, p *Projector, h *tensor.Tensor) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("this actor cannot be saved: %w", err)
	}
	entries := []weights.Entry{weights.Float32Entry("deltas", a.Deltas)}
	if a.Details.Thumbnail.Tensor != nil {
		data, err := encodeThumbnail(a.Details.Thumbnail)
		if err != nil {
			return err
		}
		entries = append(entries, weights.RawEntry("thumbnail", weights.U8, []int64{int64(len(data))}, data))
	}
	pairs := append(a.metadata(), weights.Pair{Key: "format", Value: fileFormat})
	if h != nil {
		entries = append(entries, weights.Float32Entry("h", h))
	}
	if p != nil && len(p.Values) > 0 {
		entries = append(entries, p.entries(weights.Float32Entry)...)
		pairs = append(pairs, p.metadata()...)
	}
	slices.SortStableFunc(pairs, func(x, y weights.Pair) int { return bytes.Compare([]byte(x.Key), []byte(y.Key)) })
	return weights.Encode(ctx, w, pairs, entries)
}

// metadata is what an actor's file says besides its tensors.
func (a Actor) metadata() []weights.Pair {
	d := a.Details
	settings, _ := json.Marshal(d.Settings) // a map of strings has no way to fail
	pairs := []weights.Pair{
		{Key: "kind", Value: actorKind}, {Key: "word", Value: a.Word}, {Key: "concept", Value: string(a.Concept)},
		{Key: "target", Value: strconv.Itoa(a.Target)}, {Key: "family", Value: string(a.Model.Family)}, {Key: "fingerprint", Value: a.Model.Fingerprint},
		{Key: "name", Value: d.Name}, {Key: "prompt", Value: d.Prompt}, {Key: "seed", Value: strconv.FormatUint(d.Seed, 10)},
		{Key: "steps", Value: strconv.Itoa(d.Steps)}, {Key: "settings", Value: string(settings)}, {Key: "origin", Value: d.Origin}, {Key: "licence", Value: d.Licence},
	}
	return slices.DeleteFunc(pairs, func(p weights.Pair) bool { return p.Value == "" || p.Value == "null" })
}

func encodeThumbnail(i runtime.Image) ([]byte, error) {
	i = i.FromBatch(0, 1)
	if max(i.Dim(1), i.Dim(2)) > thumbnailSide {
		var err error
		if i, err = i.ResizeToSide(thumbnailSide, imaging.Area); err != nil {
			return nil, fmt.Errorf("thumbnail: %w", err)
		}
	}
	// Half a level more: EncodePNG drops the fraction, and a picture saved again and again must not fade.
	pixels := i.Tensor.Clone()
	for k, v := range pixels.Data {
		pixels.Data[k] = v + 0.5/255
	}
	pixels.Shape = pixels.Shape[1:]
	var b bytes.Buffer
	err := imaging.EncodePNG(&b, pixels, imaging.PNGOptions{Level: 9})
	return b.Bytes(), err
}

// Save writes the actor under a name in models/actors; where the name is taken, the new file gets a number. The result is the name under
// which LoadActor finds it.
func (a Actor) Save(ctx context.Context, rt *runtime.Runtime, name string, p *Projector, h *tensor.Tensor) (string, error) {
	a.Details.Name = name
	saved, _, err := rt.Folders.SaveModel(ctx, "actors", name, func(w io.Writer) error { return a.Encode(ctx, w, p, h) })
	return saved, err
}

// Load reads an actor by its name in models/actors.
func Load(rt *runtime.Runtime, name string) (File, error) {
	path, err := rt.Folders.Find("actors", name)
	if err != nil {
		return File{}, err
	}
	return ReadFile(path)
}

// Fits says whether the actor works with a model: one of another family is an error; another checkpoint of the family is not, but the
// note says that the character may come out changed.
func (a Actor) Fits(m runtime.Identity) (note string, err error) {
	switch {
	case a.Model.Family != m.Family && a.Model.Family != "":
		return "", fmt.Errorf("the actor %q was tuned on a model of the family %s and the model is %s: their text embeddings have nothing in common; "+
			"tune the actor on this model", a.label(), a.Model.Family, m.Family)
	case a.Model.Fingerprint != m.Fingerprint && a.Model.Fingerprint != "":
		return fmt.Sprintf("the actor %q was tuned on another checkpoint of the family %s: the character may look different", a.label(), m.Family), nil
	}
	return "", nil
}

// label is the name of an actor for messages.
func (a Actor) label() string {
	if a.Details.Name != "" {
		return a.Details.Name
	}
	return a.Word
}

// entries are the parameters of a projector as tensors of a file.
func (p Projector) entries(entry func(string, *tensor.Tensor) weights.Entry) []weights.Entry {
	var list []weights.Entry
	for i, q := range p.Config.Parameters() {
		list = append(list, entry("phi."+q.Name, p.Values[i]))
	}
	return list
}

// metadata says which h a projector is for.
func (p Projector) metadata() []weights.Pair {
	c := p.Config
	numbers := map[string]int{"phi_height": c.Height, "phi_width": c.Width, "phi_clusters": p.Notes.Clusters, "phi_steps": p.Notes.Steps}
	var pairs []weights.Pair
	for _, key := range slices.Sorted(maps.Keys(numbers)) {
		pairs = append(pairs, weights.Pair{Key: key, Value: strconv.Itoa(numbers[key])})
	}
	return pairs
}
