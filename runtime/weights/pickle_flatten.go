package weights

import (
	"fmt"
	"strings"
)

// flattener lists the tensors of a value under the names that lead to them, joined by dots, and its texts and numbers
// as metadata. Sharing can make a small pickle mean an endless tree, so the walk has a budget of places and of bytes.
type flattener struct {
	tensors  []namedTensor
	metadata []Pair
	places   int
	bytes    int
}

type namedTensor struct {
	name string
	pickleTensor
}

const (
	maxPickleDepth = 64
	maxPickleNames = 64 << 20 // bytes of all names together
)

func (f *flattener) walk(name string, v any, depth int) error {
	f.places++
	f.bytes += len(name)
	if f.places > maxPickleSteps || f.bytes > maxPickleNames || depth > maxPickleDepth {
		return fmt.Errorf("pickle: containers nested too deeply: %w", ErrFormat)
	}
	join := func(key any) string { return strings.TrimPrefix(name+"."+fmt.Sprint(key), ".") }
	switch v := v.(type) {
	case pickleTensor:
		f.tensors = append(f.tensors, namedTensor{name, v})
	case *pickleDict:
		for _, item := range v.items {
			switch item.key.(type) {
			case string, int64:
				if err := f.walk(join(item.key), item.value, depth+1); err != nil {
					return err
				}
			}
		}
	case *pickleList, pickleTuple:
		for i, item := range asTuple(v) {
			if err := f.walk(join(i), item, depth+1); err != nil {
				return err
			}
		}
	case string:
		f.metadata = append(f.metadata, Pair{name, v})
	case int64, float64, bool:
		f.metadata = append(f.metadata, Pair{name, fmt.Sprint(v)})
	}
	return nil
}
