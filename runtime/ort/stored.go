package ort

// castsFirst moves the Casts of weights in front of all other nodes. Where weights are converted in every run, onnxruntime then does each
// just before it is read; from their places in the model it would do all of them at the start and hold a whole float32 copy.
func castsFirst(model []byte) ([]byte, error) {
	weights := map[string]bool{}
	err := fields(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return fields(f.value, func(f field) error {
			if f.number != graphInitializer {
				return nil
			}
			t, err := readTensor(f.value)
			weights[t.name] = true
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	var out []byte
	err = fields(model, func(f field) error {
		if f.number != modelGraph {
			out = append(out, f.raw...)
			return nil
		}
		var casts, others []byte
		err := fields(f.value, func(f field) error {
			if f.number == graphNode {
				n, err := readNode(f.value)
				if err != nil {
					return err
				}
				if n.op == "Cast" && len(n.in) == 1 && weights[n.in[0]] {
					casts = append(casts, f.raw...)
					return nil
				}
			}
			others = append(others, f.raw...)
			return nil
		})
		out = appendBytes(out, modelGraph, append(casts, others...))
		return err
	})
	return out, err
}
