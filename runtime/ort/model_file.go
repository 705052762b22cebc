package ort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ModelFile is a network that somebody exported to an .onnx file, ready for NewSession: its weights stay where they lie, in the file itself
// or in those beside it, and inputs and outputs of half precision are float32 ones.
type ModelFile struct {
	Path  string
	Proto []byte
	// Inputs and Outputs are by the name that the file gives them; the Name of a Port is that which Session.Run knows.
	Inputs, Outputs map[string]Port

	weights weightBytes
	files   []os.FileInfo // of all files
}

// ReadModelFile reads the nodes of an .onnx file and notes where its weights lie. Errors wrap fs.ErrNotExist where the file, or one that it
// keeps weights in, is missing, and ErrModel where it is not one.
func ReadModelFile(path string) (*ModelFile, error) {
	m, err := readModelFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func readModelFile(path string) (*ModelFile, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	file, err := os.Open(real)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file: %w", ErrModel)
	}
	r := modelReader{
		file: &protoFile{r: file, size: info.Size()}, path: real, dir: filepath.Dir(path), size: info.Size(),
		external: map[string]externalFile{},
	}
	if err := r.read(); err != nil {
		return nil, err
	}
	m := &ModelFile{Path: real, Inputs: map[string]Port{}, Outputs: map[string]Port{}, files: []os.FileInfo{info}}
	for _, e := range r.external {
		m.files = append(m.files, e.info)
	}
	if m.Proto, err = r.proto(m); err != nil {
		return nil, err
	}
	sig, err := readSignature(m.Proto)
	m.weights = sig.weights
	return m, err
}

// WeightBytes is the memory that the weights take once they are loaded.
func (m *ModelFile) WeightBytes() int64 { return m.weights.float32 }

// Fingerprint changes with the files.
func (m *ModelFile) Fingerprint() string {
	var b strings.Builder
	b.WriteString(m.Path)
	for _, f := range m.files {
		fmt.Fprintf(&b, " %s %d %d", f.Name(), f.Size(), f.ModTime().UnixNano())
	}
	return b.String()
}

// modelReader writes a model anew with its weights outside of it.
type modelReader struct {
	file     *protoFile
	path     string // of the file itself, absolute
	dir      string // that weights in other files are found from
	size     int64
	external map[string]externalFile // by location

	model   []byte // all but the graph
	graph   []byte // all but inputs and outputs
	inputs  []Port
	outputs []Port
	initial map[string]bool
}

// externalFile is a file with weights beside a model.
type externalFile struct {
	path string // absolute
	info os.FileInfo
}

// inModel is the bytes up to which a tensor stays in the model.
const inModel = 1 << 10

func (r *modelReader) read() error {
	r.initial = map[string]bool{}
	graphs := 0
	err := r.file.spans(0, r.size, func(s span) error {
		if s.number == modelGraph && s.lengthDelimited {
			graphs++
			return r.file.spans(s.value, s.end, r.graphField)
		}
		b, err := r.file.take(s.tag, s.end)
		r.model = append(r.model, b...)
		return err
	})
	if err == nil && graphs != 1 {
		err = fmt.Errorf("%d graphs in it: %w", graphs, ErrModel)
	}
	return err
}

func (r *modelReader) graphField(s span) error {
	if s.number == graphInitializer && s.lengthDelimited {
		return r.initializer(s)
	}
	b, err := r.file.take(s.tag, s.end)
	if err != nil {
		return err
	}
	if s.number != graphInput && s.number != graphOutput {
		r.graph = append(r.graph, b...)
		return nil
	}
	p, err := readPort(b[s.value-s.tag:])
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrModel)
	}
	if s.number == graphInput {
		r.inputs = append(r.inputs, p)
	} else {
		r.outputs = append(r.outputs, p)
	}
	return nil
}

// initializer writes a weight with the place where its values lie.
func (r *modelReader) initializer(s span) error {
	var kept []byte // the tensor without its place
	var raw span    // values in the model, more than a few
	err := r.file.spans(s.value, s.end, func(f span) error {
		if f.number == tensorRaw && f.end-f.value > inModel {
			raw = f
			return nil
		}
		b, err := r.file.take(f.tag, f.end)
		kept = append(kept, b...)
		return err
	})
	if err != nil {
		return err
	}
	t, err := readTensor(kept)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrModel)
	}
	r.initial[t.name] = true
	switch {
	case raw.number != 0:
		kept = appendPlace(kept, r.path, raw.value, raw.end-raw.value)
	case t.path != "":
		if kept, err = r.outside(t, kept); err != nil {
			return fmt.Errorf("weight %s: %w", t.name, err)
		}
	}
	r.graph = appendBytes(r.graph, graphInitializer, kept)
	return nil
}

// outside replaces the place of a tensor that lies in another file by one that does not depend on where the model is.
func (r *modelReader) outside(t storedTensor, tensor []byte) ([]byte, error) {
	location := strings.TrimPrefix(t.path, "/")
	e, ok := r.external[location]
	if !ok {
		if !filepath.IsLocal(filepath.FromSlash(location)) {
			return nil, fmt.Errorf("its values lie outside of the folder of the model, at %q: %w", location, ErrModel)
		}
		real, err := filepath.EvalSymlinks(filepath.Join(r.dir, filepath.FromSlash(location)))
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err == nil {
			e.path = real
			e.info, err = os.Stat(real)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("its values lie in %s, which is not beside the model: download that file too: %w", location, fs.ErrNotExist)
		}
		if err != nil {
			return nil, err
		}
		r.external[location] = e
	}
	if t.length == 0 {
		t.length = t.count() * int64(t.dtype.Size())
	}
	if t.offset < 0 || t.length < 0 || t.offset > e.info.Size()-t.length {
		return nil, fmt.Errorf("its values end at byte %d of %s, which has %d and is incomplete: download it again: %w", t.offset+t.length, location, e.info.Size(), ErrModel)
	}
	var kept []byte
	err := fields(tensor, func(f field) error {
		if f.number != tensorExternalData && f.number != tensorDataLocation {
			kept = append(kept, f.raw...)
		}
		return nil
	})
	return appendPlace(kept, e.path, t.offset, t.length), err
}

// appendPlace says where the values of a tensor lie.
func appendPlace(tensor []byte, path string, offset, length int64) []byte {
	for _, e := range [][2]string{
		{"location", strings.TrimPrefix(filepath.ToSlash(path), "/")},
		{"offset", strconv.FormatInt(offset, 10)}, {"length", strconv.FormatInt(length, 10)},
	} {
		tensor = appendBytes(tensor, tensorExternalData, appendText(appendText(nil, entryKey, e[0]), entryValue, e[1]))
	}
	return appendNumber(tensor, tensorDataLocation, dataLocationFile)
}

// proto is the model with float32 for other floating-point types at its inputs and outputs.
func (r *modelReader) proto(m *ModelFile) ([]byte, error) {
	var front, back []byte // Casts before and behind the nodes
	var ports []byte
	for _, p := range r.inputs {
		if r.initial[p.Name] {
			continue
		}
		own := p
		if floating(p.DType) {
			own.Name, own.DType = p.Name+" as float32", Float32
			front = appendBytes(front, graphNode, castNode(own.Name, p.Name, p.DType))
		}
		m.Inputs[p.Name] = own
		ports = appendBytes(ports, graphInput, own.proto())
	}
	for _, p := range r.outputs {
		own := p
		if floating(p.DType) {
			own.Name, own.DType = p.Name+" as float32", Float32
			back = appendBytes(back, graphNode, castNode(p.Name, own.Name, Float32))
		}
		if own.DType == Float32 {
			m.Outputs[p.Name] = own
			ports = appendBytes(ports, graphOutput, own.proto())
		}
	}
	if len(m.Inputs) == 0 || len(m.Outputs) == 0 {
		return nil, fmt.Errorf("%d inputs and %d outputs of numbers with a fraction: %w", len(m.Inputs), len(m.Outputs), ErrModel)
	}
	graph := append(front, r.graph...)
	return appendBytes(r.model, modelGraph, append(append(graph, back...), ports...)), nil
}

// floating reports whether values of the type can be cast from and to float32 at a port.
func floating(t DType) bool { return t == Float16 || t == BFloat16 || t == float64Type }

// castNode is a Cast of one value into another.
func castNode(from, to string, t DType) []byte {
	attribute := appendNumber(appendNumber(appendText(nil, attributeName, "to"), attributeInt, uint64(t)), attributeType, attributeTypeInt)
	node := appendText(appendText(nil, nodeInput, from), nodeOutput, to)
	return appendBytes(appendText(node, nodeOp, "Cast"), nodeAttribute, attribute)
}

// proto is the ValueInfoProto of the port.
func (p Port) proto() []byte {
	tensor := appendNumber(nil, tensorElemType, uint64(p.DType))
	if p.Shape != nil {
		var shape []byte
		for i, d := range p.Shape {
			var dim []byte
			switch {
			case d >= 0:
				dim = appendNumber(nil, dimValue, uint64(d))
			case p.Dims[i] != "":
				dim = appendText(nil, dimParam, p.Dims[i])
			}
			shape = appendBytes(shape, shapeDim, dim)
		}
		tensor = appendBytes(tensor, tensorShape, shape)
	}
	return appendBytes(appendText(nil, valueName, p.Name), valueType, appendBytes(nil, typeTensor, tensor))
}
