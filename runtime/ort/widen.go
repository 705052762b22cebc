package ort

// Half precision weights. The CPU kernels compute in float32, so a model has a Cast behind each such weight. onnxruntime
// folds these Casts while it loads: 9 CPU seconds for SD 1.5, through several copies. Converting here, into memory that is
// fed to the graph as further inputs, takes 2.4 seconds and one copy. (Constants of our own would be no better: onnxruntime
// copies those it may fold, and folds the bytes of the file instead of those that it shares.)

// widening is a weight in a file that is wanted as float32 under the name of its Cast's output.
type widening struct {
	storedTensor
	as    string
	steps []step // what becomes of it, none but for derived weights; shape is that of the result
}

// widenCasts replaces each pair of a half precision weight in a file and the Cast to float32 that alone reads it by a
// float32 input of the Cast's name. A model with none comes back as it is.
func widenCasts(model []byte) ([]byte, []widening, error) {
	casts, err := findCasts(model)
	if err != nil || len(casts) == 0 {
		return model, nil, err
	}
	var out, graph []byte
	var widened []widening
	err = fields(model, func(f field) error {
		if f.number != modelGraph {
			out = append(out, f.raw...)
			return nil
		}
		return fields(f.value, func(f field) error {
			switch f.number {
			case graphNode:
				n, err := readNode(f.value)
				if err != nil {
					return err
				}
				if len(n.in) == 1 && casts[n.in[0]].as != "" {
					return nil
				}
			case graphInitializer:
				t, err := readTensor(f.value)
				if err != nil {
					return err
				}
				if w := casts[t.name]; w.as != "" {
					widened = append(widened, w)
					graph = appendBytes(graph, graphInput, appendPort(w.as, Float32, w.shape))
					return nil
				}
			}
			graph = append(graph, f.raw...)
			return nil
		})
	})
	return appendBytes(out, modelGraph, graph), widened, err
}

// findCasts returns what can be widened, by the name of the stored weight.
func findCasts(model []byte) (map[string]widening, error) {
	stored := map[string]storedTensor{}
	readers := map[string]int{}
	outputs := map[string]bool{}
	var casts []nodeInfo
	subgraphs := false
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return fields(f.value, func(f field) error {
			switch f.number {
			case graphInitializer:
				t, err := readTensor(f.value)
				half := t.dtype == Float16 || t.dtype == BFloat16
				if half && t.path != "" && len(t.shape) > 0 && t.count() > 0 && t.length == t.count()*int64(t.dtype.Size()) {
					stored[t.name] = t
				}
				return err
			case graphOutput:
				p, err := readPort(f.value)
				outputs[p.Name] = true
				return err
			case graphNode:
				n, err := readNode(f.value)
				subgraphs = subgraphs || n.subgraphs
				for _, name := range n.in {
					readers[name]++
				}
				if n.op == "Cast" && n.to == Float32 && len(n.in) == 1 && len(n.out) == 1 {
					casts = append(casts, n)
				}
				return err
			}
			return nil
		})
	})
	found := map[string]widening{}
	if subgraphs { // one might read a weight from outside
		return found, err
	}
	for _, n := range casts {
		if t, ok := stored[n.in[0]]; ok && readers[t.name] == 1 && !outputs[n.out[0]] && !outputs[t.name] {
			found[t.name] = widening{storedTensor: t, as: n.out[0]}
		}
	}
	return found, err
}
