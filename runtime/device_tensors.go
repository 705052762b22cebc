package runtime

import (
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// deviceTensors is what a run feeds to its networks in every step, copied once to the memory of a GPU. On the CPU networks read it where it is.
type deviceTensors struct {
	tensors map[*float32]*ort.Resident // by where the tensors begin, which also keeps that memory from being used for others
	inputs  []*ort.Resident
}

// feed is t as an input of the session.
func (d *deviceTensors) feed(s *ort.Session, t *tensor.Tensor) (ort.Value, error) {
	if !s.Device().CUDA || len(t.Data) == 0 {
		return ort.FromTensor(t), nil
	}
	if d.tensors == nil {
		d.tensors = map[*float32]*ort.Resident{}
	}
	at := &t.Data[0]
	if d.tensors[at] == nil {
		r, err := s.Keep(ort.FromTensor(t))
		if err != nil {
			return ort.Value{}, err
		}
		d.tensors[at] = r
	}
	return d.tensors[at].Value(), nil
}

// move puts in place of those inputs that are on the host what feed would give.
func (d *deviceTensors) move(s *ort.Session, inputs map[string]ort.Value) error {
	if !s.Device().CUDA {
		return nil
	}
	for name, v := range inputs {
		if v.Resident() != nil {
			continue
		}
		r, err := s.Keep(v)
		if err != nil {
			return err
		}
		d.inputs = append(d.inputs, r)
		inputs[name] = r.Value()
	}
	return nil
}

func (d *deviceTensors) free() {
	for _, r := range d.tensors {
		r.Free()
	}
	for _, r := range d.inputs {
		r.Free()
	}
}
