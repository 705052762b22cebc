package comfy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Kind is the form in which a file holds its workflow.
type Kind string

// The two forms.
const (
	API Kind = "API" // a prompt, ready to run
	UI  Kind = "UI"  // a graph as the editor saves it
)

// File is a workflow file as read.
type File struct {
	Kind     Kind
	Source   string        // where it was found: "JSON", "POST body", "PNG text workflow", …
	Prompt   *ojson.Object // API form; nil only for a graph that was opened for an editor
	Workflow *ojson.Object // the UI graph; nil if the file is an API prompt alone
	// ExtraPNGInfo is what is saved with pictures beside the prompt, {"workflow": …} for a UI graph; nil if there is nothing.
	ExtraPNGInfo *ojson.Object
	Warnings     []Warning
}

// Reader reads workflow files. The zero value reads API prompts; UI graphs need Definitions.
type Reader struct {
	Definitions Definitions
	Random      *rand.Rand   // draws {a|b} in texts; nil seeds one at random
	Now         time.Time    // for %date:…% in texts; zero is the time of reading
	Limits      ojson.Limits // of every JSON document and text

	// KeepUnknown leaves nodes of unknown classes in the prompt, with their links only, instead of refusing the graph; see File.Unknown.
	KeepUnknown bool
	// Files lists the files of a model folder, such as "embeddings"; nil: none is known.
	Files func(folder string) []string
	// FindHash finds a model file by the hash that A1111 writes, "" if there is none; nil: models are found by name only.
	FindHash func(folder, hash string) (name string)

	editing bool // graphs are not converted
}

// Read reads a workflow with the nodes of definitions; see Reader.Read.
func Read(data []byte, name string, definitions Definitions) (*File, error) {
	return Reader{Definitions: definitions}.Read(data, name)
}

// Read reads a JSON file or a picture with a workflow in it; name goes in front of errors. In a picture a UI graph is preferred to the
// API prompt beside it, and that to the parameters of A1111, as in the editor. Errors wrap ErrNoWorkflow, ErrUnknownNodes or ErrContainer, or are syntax errors
// of package ojson.
func (r Reader) Read(data []byte, name string) (*File, error) {
	f, err := r.read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func (r Reader) read(data []byte) (*File, error) {
	if r.Random == nil {
		r.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if r.Now.IsZero() {
		r.Now = time.Now()
	}
	switch kind := containerOf(data); kind {
	case "PNG":
		texts, warnings, err := ReadPNG(data)
		if err != nil {
			return nil, err
		}
		return r.fromTexts(texts, warnings, kind)
	case "WebP":
		texts, warnings, err := ReadWebP(data)
		if err != nil {
			return nil, err
		}
		return r.fromTexts(texts, warnings, kind)
	case "JPEG":
		texts, warnings, err := ReadJPEG(data)
		if err != nil {
			return nil, err
		}
		return r.fromTexts(texts, warnings, kind)
	case "safetensors":
		texts, err := ReadSafetensors(data)
		if err != nil {
			return nil, err
		}
		return r.fromTexts(texts, nil, kind)
	case "":
		v, err := ojson.Parse(data, r.Limits)
		if err != nil && isA1111(string(data)) {
			return r.readA1111(string(data))
		}
		if err != nil {
			return nil, err
		}
		return r.document(v)
	default:
		return nil, fmt.Errorf("%w: this is %s; workflows are in JSON files, and in PNG, WebP, JPEG and safetensors files saved with one", ErrNoWorkflow, kind)
	}
}

// containerOf names the format of data by its first bytes; "" is text.
func containerOf(data []byte) string {
	for _, f := range formats {
		if len(data) >= f.at+len(f.magic) && string(data[f.at:f.at+len(f.magic)]) == f.magic {
			return f.name
		}
	}
	if len(data) > 8 && data[8] == '{' && binary.LittleEndian.Uint64(data) <= uint64(len(data)-8) {
		return "safetensors"
	}
	// JSON holds no control characters but white space.
	if i := bytes.IndexFunc(data[:min(len(data), 512)], func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r", r) }); i >= 0 {
		return "a binary file"
	}
	return ""
}

var formats = []struct {
	at          int
	magic, name string
}{
	{0, "\x89PNG\r\n\x1a\n", "PNG"},
	{8, "WEBP", "WebP"},
	{0, "\xff\xd8\xff", "JPEG"},
	{0, "GIF8", "a GIF picture"},
	{4, "ftyp", "an MP4 or AVIF file"},
	{0, "\x1a\x45\xdf\xa3", "a WebM or Matroska file"},
	{0, "fLaC", "a FLAC file"},
	{0, "OggS", "an Ogg file"},
	{0, "ID3", "an MP3 file"},
	{0, "PK\x03\x04", "a ZIP archive"},
	{0, "\x1f\x8b", "a gzip archive"},
	{0, "%PDF", "a PDF file"},
}

// Text is a text saved with a picture or latent.
type Text struct{ Key, Text string }

// fromTexts looks for a workflow among the texts of a file. Of several with one key the last counts.
func (r Reader) fromTexts(texts []Text, warnings []Warning, container string) (*File, error) {
	byKey := map[string]string{}
	var keys []string
	for _, t := range texts {
		if _, ok := byKey[t.Key]; !ok {
			keys = append(keys, t.Key)
		}
		byKey[t.Key] = t.Text
	}
	var failed error
	for _, key := range []string{"workflow", "prompt"} {
		text, ok := byKey[key]
		if !ok {
			continue
		}
		f, err := r.text(text)
		if err == nil {
			f.Source = fmt.Sprintf("%s text %s", container, key)
			f.Warnings = append(warnings, f.Warnings...)
			if errors.Is(failed, ErrContainer) {
				f.keepWorkflow(byKey["workflow"], r.Limits)
			}
			return f, nil
		}
		err = fmt.Errorf("%s text %s: %w", container, key, err)
		// The other text is used where this one is no workflow, and where the prompt already has what cannot be opened
		// here. Any other workflow that cannot run must be reported.
		var syntax *ojson.SyntaxError
		if !errors.Is(err, ErrNoWorkflow) && !errors.Is(err, ErrContainer) && !errors.As(err, &syntax) {
			return nil, err
		}
		warnings = append(warnings, Warning{Text: err.Error()})
		failed = err
	}
	if text := byKey["parameters"]; isA1111(text) {
		f, err := r.readA1111(text)
		if err != nil {
			return nil, fmt.Errorf("%s text parameters: %w", container, err)
		}
		f.Source = container + " text parameters"
		f.Warnings = append(warnings, f.Warnings...)
		return f, nil
	}
	if failed != nil {
		return nil, failed
	}
	return nil, fmt.Errorf("%w: %s", ErrNoWorkflow, describeTexts(container, keys, byKey, warnings))
}

// keepWorkflow sets the UI graph that belongs to an API prompt.
func (f *File) keepWorkflow(text string, limits ojson.Limits) {
	if o, err := ojson.ParseObject([]byte(text), limits); err == nil {
		f.Workflow = o
		f.ExtraPNGInfo = ojson.NewObject("workflow", o)
	}
}

func (r Reader) text(text string) (*File, error) {
	v, err := ojson.Parse([]byte(text), r.Limits)
	if err != nil {
		return nil, err
	}
	return r.document(v)
}

// describeTexts says what was found in a file without a workflow.
func describeTexts(container string, keys []string, byKey map[string]string, warnings []Warning) string {
	found := fmt.Sprintf("the %s file has no texts at all; it was saved without metadata, or lost it on the way", container)
	if _, ok := byKey["parameters"]; ok {
		found = fmt.Sprintf("the %s file has generation parameters (%s), but not as A1111 writes them: there is no line \"Steps: …\"",
			container, shorten(byKey["parameters"]))
	} else if len(keys) > 0 {
		found = fmt.Sprintf("the %s file has other texts only: %s", container, list(keys))
	}
	for _, w := range warnings {
		found += "; " + w.Text
	}
	return found
}
