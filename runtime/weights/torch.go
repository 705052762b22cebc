package weights

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Files of torch.save hold a pickle that describes tensors and, beside it, their values uncompressed: in entries of a
// zip since torch 1.6, one after the other before. Either way tensors can be read where they lie.

// legacyMagic is the number in the first pickle of a file of torch before 1.6.
const legacyMagic = bigInt("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")

// place is where the values of a storage lie in the file.
type place struct{ offset, bytes int64 }

// torchKind tells the two formats by the first bytes of a file; "" is neither.
func torchKind(front []byte) string {
	switch {
	case bytes.HasPrefix(front, []byte("PK\x03\x04")):
		return "zip"
	case len(front) >= 4 && front[0] == 0x80 && front[1] >= 2 && front[1] <= 5 &&
		(front[2] == 0x8a || front[2] == 0x95): // PROTO and LONG1 or FRAME
		return "legacy"
	}
	return ""
}

// readTorch makes a header of what a file of torch.save describes.
func (f *File) readTorch(r io.ReaderAt, kind string) error {
	read := f.readZip
	if kind == "legacy" {
		read = f.readLegacy
	}
	root, places, err := read(r)
	if err != nil {
		return err
	}
	var flat flattener
	if err := flat.walk("", stateDict(root), 0); err != nil {
		return err
	}
	h := &header{metadata: flat.metadata}
	seen := map[string]bool{}
	for _, t := range flat.tensors {
		info, err := t.info(places)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.name, err)
		}
		if seen[t.name] {
			return fmt.Errorf("tensor %q is there twice: %w", t.name, ErrFormat)
		}
		seen[t.name] = true
		h.tensors = append(h.tensors, info)
	}
	f.index(h)
	return nil
}

// stateDict finds the weights in what was saved: under "state_dict", or all of it.
func stateDict(root any) any {
	if d, ok := root.(*pickleDict); ok {
		for _, item := range d.items {
			if item.key == "state_dict" {
				return item.value
			}
		}
	}
	return root
}

// info finds a tensor's bytes and checks them against its storage.
func (t namedTensor) info(places map[string]place) (Info, error) {
	at, ok := places[t.storage.key]
	if !ok {
		return Info{}, fmt.Errorf("its storage %q is missing: %w", t.storage.key, ErrFormat)
	}
	n, err := byteLength(t.dtype, t.shape)
	if err != nil {
		return Info{}, err
	}
	if !t.contiguous() {
		return Info{}, fmt.Errorf("it is stored with strides %v; convert the file to .safetensors: %w", t.stride, ErrFormat)
	}
	stored, size := t.storage.dtype.Size(), t.dtype.Size()
	if t.storage.count > at.bytes/stored || t.first > t.storage.count*stored/size || n > t.storage.count*stored-t.first*size {
		return Info{}, fmt.Errorf("%v from value %d leaves its storage of %d values in %d bytes: %w", t.shape, t.first,
			t.storage.count, at.bytes, ErrFormat)
	}
	return Info{t.name, t.dtype, t.shape, at.offset + t.first*size, n}, nil
}

// readZip reads NAME/data.pkl and finds the storages NAME/data/KEY.
func (f *File) readZip(r io.ReaderAt) (any, map[string]place, error) {
	archive, err := zip.NewReader(r, f.size)
	if err != nil {
		return nil, nil, fmt.Errorf("zip: %v; the file may be incomplete: download it again: %w", err, ErrFormat)
	}
	folder := ""
	entries := map[string]place{}
	for _, e := range archive.File {
		if strings.HasSuffix(e.Name, "/") {
			continue
		}
		if e.Method != zip.Store || e.CompressedSize64 != e.UncompressedSize64 {
			return nil, nil, fmt.Errorf("entry %q is compressed, which torch.save never does: %w", e.Name, ErrFormat)
		}
		offset, err := e.DataOffset()
		if err != nil || e.UncompressedSize64 > uint64(f.size) || offset > f.size-int64(e.UncompressedSize64) {
			return nil, nil, fmt.Errorf("entry %q lies outside the file: %w", e.Name, ErrFormat)
		}
		entries[e.Name] = place{offset, int64(e.UncompressedSize64)}
		if name, ok := strings.CutSuffix(e.Name, "data.pkl"); ok && (name == "" || strings.HasSuffix(name, "/")) {
			folder = name
		}
	}
	if order, ok := entries[folder+"byteorder"]; ok {
		if b, err := f.bytes(order.offset, order.bytes); err != nil || string(b) != "little" {
			return nil, nil, fmt.Errorf("values are stored in byte order %q: %w", b, ErrFormat)
		}
	}
	pickle, ok := entries[folder+"data.pkl"]
	if !ok {
		return nil, nil, fmt.Errorf("a zip without data.pkl, so not one of torch.save: %w", ErrFormat)
	}
	text, err := f.bytes(pickle.offset, pickle.bytes)
	if err != nil {
		return nil, nil, err
	}
	root, _, err := readPickle(text)
	places := make(map[string]place, len(entries))
	for name, at := range entries {
		if key, ok := strings.CutPrefix(name, folder+"data/"); ok {
			places[key] = at
		}
	}
	return root, places, err
}

// readLegacy reads the five pickles of the old format (magic number, version, system, object, storage keys), after which
// the storages follow, each behind its number of values.
func (f *File) readLegacy(io.ReaderAt) (any, map[string]place, error) {
	text, err := f.bytes(0, f.size)
	if err != nil {
		return nil, nil, err
	}
	var pickles [5]any
	at := 0
	for i := range pickles {
		v, n, err := readPickle(text[at:])
		if err != nil {
			return nil, nil, err
		}
		if i == 0 && v != legacyMagic {
			return nil, nil, fmt.Errorf("a pickle, but not one of torch.save: %w", ErrFormat)
		}
		pickles[i] = v
		at += n
	}
	types := map[string]DType{}
	if err := collectStorages(pickles[3], types, new(int), 0); err != nil {
		return nil, nil, err
	}
	places := map[string]place{}
	m := pickleMachine{text: text, at: at}
	for _, key := range asTuple(pickles[4]) {
		name, _ := key.(string)
		dtype, ok := types[name]
		if !ok {
			return nil, nil, fmt.Errorf("storage %v is not part of the object: %w", key, ErrFormat)
		}
		count, err := m.uint(8)
		if err != nil {
			return nil, nil, err
		}
		if count > uint64(f.size) {
			return nil, nil, fmt.Errorf("storage %q of %d values in a file of %d bytes: %w", name, count, f.size, ErrFormat)
		}
		places[name] = place{int64(m.at), int64(count) * dtype.Size()}
		if _, err := m.take(count * uint64(dtype.Size())); err != nil {
			return nil, nil, fmt.Errorf("storage %q: %w", name, err)
		}
	}
	return pickles[3], places, nil
}

// collectStorages notes the type of every storage of a value, since the old format keeps only their numbers of values.
func collectStorages(v any, types map[string]DType, steps *int, depth int) error {
	if *steps++; *steps > maxPickleSteps || depth > maxPickleDepth {
		return fmt.Errorf("pickle: containers nested too deeply: %w", ErrFormat)
	}
	switch v := v.(type) {
	case pickleTensor:
		types[v.storage.key] = v.storage.dtype
	case *pickleDict:
		for _, item := range v.items {
			if err := collectStorages(item.value, types, steps, depth+1); err != nil {
				return err
			}
		}
	case *pickleList, pickleTuple:
		for _, item := range asTuple(v) {
			if err := collectStorages(item, types, steps, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
