package actor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// File is an actor as it lies on disk.
type File struct {
	Actor
	Projector *Projector     // nil where the file holds none
	H         *tensor.Tensor // [K+1,C,h,w]; nil where the file holds none
}

// Limits of what is read: files come from strangers.
const (
	mostPictures  = 4096
	widestDelta   = 1 << 14
	LongestText   = 1 << 14 // bytes of a prompt, origin or licence; the rest is cut off
	longestWord   = 256
	mostThumbnail = 8 << 20 // bytes
)

// ErrFile is wrapped by errors about files that are no actor or projector, or a damaged one.
var ErrFile = errors.New("not a file that can be used")

// ReadFile reads an actor. Nothing in the file is trusted. The error names the file and what is wrong, and wraps ErrFile.
func ReadFile(path string) (File, error) { return readWith(path, readActor) }

func readWith[T any](path string, read func(*weights.File) (T, error)) (T, error) {
	var none T
	f, err := weights.Open(path)
	if err != nil {
		return none, fmt.Errorf("actor file: %w: %w", err, ErrFile)
	}
	defer f.Close()
	out, err := read(f)
	if err != nil {
		return none, fmt.Errorf("actor file %s: %w: %w", path, err, ErrFile)
	}
	return out, nil
}

func readActor(f *weights.File) (File, error) {
	a, err := readPerson(f)
	if err != nil {
		return File{}, err
	}
	out := File{Actor: a}
	if _, ok := f.Info("h"); ok {
		if out.H, err = readTensor(f, "h", 4, 1<<30); err != nil {
			return File{}, err
		}
	}
	if hasProjector(f) {
		p, err := readProjector(f)
		if err != nil {
			return File{}, err
		}
		p.Model = a.Model
		out.Projector = &p
	}
	return out, nil
}

func hasProjector(f *weights.File) bool {
	_, ok := f.Info("phi.net.0.0.weight")
	return ok
}

// readPerson reads an actor without what only tuning needs, which may be hundreds of megabytes.
func readPerson(f *weights.File) (Actor, error) {
	m := f.Metadata()
	if err := checkKind(m, actorKind); err != nil {
		return Actor{}, err
	}
	a := Actor{
		Word: m["word"], Concept: Concept(m["concept"]),
		Model: runtime.Identity{Family: weights.Family(clean(m["family"])), Fingerprint: clean(m["fingerprint"])},
		Details: Details{
			Name: clean(m["name"]), Prompt: clean(m["prompt"]), Origin: clean(m["origin"]), Licence: clean(m["licence"]),
		},
	}
	var err error
	if a.Target, err = number(m, "target"); err != nil {
		return Actor{}, err
	}
	if a.Details.Steps, err = number(m, "steps"); err != nil {
		return Actor{}, err
	}
	if s := m["seed"]; s != "" {
		if a.Details.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return Actor{}, fmt.Errorf("seed %q is no number", clean(s))
		}
	}
	if s := m["settings"]; s != "" {
		if err := json.Unmarshal([]byte(s), &a.Details.Settings); err != nil {
			return Actor{}, fmt.Errorf("settings: %w", err)
		}
		for key, value := range a.Details.Settings {
			a.Details.Settings[key] = clean(value)
		}
	}
	if a.Deltas, err = readTensor(f, "deltas", 2, mostPictures*widestDelta); err != nil {
		return Actor{}, err
	}
	if err := a.check(); err != nil {
		return Actor{}, err
	}
	a.Details.Thumbnail, err = readThumbnail(f)
	return a, err
}

// check is what must be true of an actor, read or to be saved.
func (a Actor) check() error {
	switch d := a.Deltas; {
	case d == nil || len(d.Shape) != 2 || d.Dim(0) < 2 || d.Dim(0) > mostPictures || d.Dim(1) < 1 || d.Dim(1) > widestDelta:
		return errors.New("it has no deltas [pictures,width] of two pictures or more")
	case !finite(d.Data):
		return errors.New("a delta is no number")
	case a.Target < 0 || a.Target >= d.Dim(0):
		return fmt.Errorf("target %d of %d pictures", a.Target, d.Dim(0))
	case a.Word == "" || len(a.Word) > longestWord || a.Word != clean(a.Word) || strings.Contains(a.Word, "\n"):
		return fmt.Errorf("base word %q: it must be one line of 1 to %d bytes", clean(a.Word), longestWord)
	case templates[a.Concept] == nil:
		return fmt.Errorf("concept %q; use one of %q", clean(string(a.Concept)), a.Concept.Choices())
	}
	return nil
}

// checkKind tells an actor from a projector and either from other safetensors files.
func checkKind(m map[string]string, want string) error {
	switch kind := m["kind"]; {
	case kind == "":
		return fmt.Errorf("it does not say that it is an %s file; is it another kind of model?", want)
	case kind != want:
		return fmt.Errorf("it is a %s file, not %s", clean(kind), want)
	case m["format"] != fileFormat:
		return fmt.Errorf("format %q; this program reads format %s: a newer program may read it", clean(m["format"]), fileFormat)
	}
	return nil
}

func number(m map[string]string, key string) (int, error) {
	s := m[key]
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q is no number", key, clean(s))
	}
	return n, nil
}

// clean makes text from a stranger fit to be shown: valid, no control characters, not endless.
func clean(s string) string {
	if len(s) > LongestText {
		s = s[:LongestText]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// readTensor reads a tensor of that many axes and at most that many values.
func readTensor(f *weights.File, name string, axes int, most int64) (*tensor.Tensor, error) {
	info, ok := f.Info(name)
	if !ok {
		return nil, fmt.Errorf("it has no tensor %q", name)
	}
	count := int64(1)
	for _, n := range info.Shape {
		count *= max(n, 0)
		if count > most {
			break
		}
	}
	if len(info.Shape) != axes || count < 1 || count > most {
		return nil, fmt.Errorf("tensor %q has shape %v", name, info.Shape)
	}
	return f.Float32(name)
}

func readThumbnail(f *weights.File) (runtime.Image, error) {
	info, ok := f.Info("thumbnail")
	if !ok {
		return runtime.Image{}, nil
	}
	if info.DType != weights.U8 || len(info.Shape) != 1 || info.Bytes > mostThumbnail {
		return runtime.Image{}, fmt.Errorf("the thumbnail is %v%v", info.DType, info.Shape)
	}
	data, err := f.Part("thumbnail", 0, info.Bytes)
	if err != nil {
		return runtime.Image{}, err
	}
	frames, err := imaging.Decode(bytes.NewReader(data), imaging.Limits{Bytes: mostThumbnail, Pixels: 4 << 20})
	if err != nil {
		return runtime.Image{}, fmt.Errorf("thumbnail: %w", err)
	}
	return runtime.Image{Tensor: imaging.Color(frames[:1])}, nil
}
