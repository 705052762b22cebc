package weights

import "fmt"

// storageTypes is the classes of torch that hold values, by type.
var storageTypes = map[string]DType{
	"FloatStorage": F32, "HalfStorage": F16, "BFloat16Storage": BF16, "DoubleStorage": F64,
	"LongStorage": I64, "IntStorage": I32, "ShortStorage": I16, "CharStorage": I8, "ByteStorage": U8, "BoolStorage": Bool,
	"Float8_e4m3fnStorage": F8E4M3, "Float8_e5m2Storage": F8E5M2,
}

// tensorTypes is torch's objects for types of values.
var tensorTypes = map[string]DType{
	"float32": F32, "float16": F16, "bfloat16": BF16, "float64": F64,
	"int64": I64, "int32": I32, "int16": I16, "int8": I8, "uint8": U8, "bool": Bool,
	"uint16": U16, "uint32": U32, "uint64": U64, "float8_e4m3fn": F8E4M3, "float8_e5m2": F8E5M2,
}

// untyped is the class of storages whose type the tensor names.
var untyped = pickleGlobal{"torch.storage", "UntypedStorage"}

// pickleCalls is the functions that torch.save uses to write tensors and what they mean here. Everything else is refused, however
// harmless it looks, but for what trainers leave beside the weights (inert).
var pickleCalls = map[pickleGlobal]func(args []any) (any, error){
	{"collections", "OrderedDict"}:                  callDict,
	{"torch._utils", "_rebuild_tensor"}:             callTensor,
	{"torch._utils", "_rebuild_tensor_v2"}:          callTensor,
	{"torch._utils", "_rebuild_tensor_v3"}:          callTypedTensor,
	{"torch._utils", "_rebuild_parameter"}:          callParameter,
	{"torch.nn.parameter", "Parameter"}:             callParameter,
	{"torch.nn.modules.container", "ParameterDict"}: callDict,
	{"torch", "Size"}:                               callSize,
}

// inert is the classes and functions that trainers leave beside weights: the states of PyTorch Lightning's callbacks and numbers of
// numpy. What they make is an object of no interest.
var inert = map[pickleGlobal]bool{
	{"pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"}: true,
	{"numpy.core.multiarray", "scalar"}:                                 true,
	{"numpy._core.multiarray", "scalar"}:                                true,
	{"numpy", "dtype"}:                                                  true,
	{"numpy.dtypes", "Float64DType"}:                                    true,
	{"_codecs", "encode"}:                                               true,
}

// known reports whether a global may appear at all.
func (g pickleGlobal) known() bool {
	_, storage := storageTypes[g.name]
	_, dtype := tensorTypes[g.name]
	return pickleCalls[g] != nil || inert[g] || g == untyped || (storage || dtype) && g.module == "torch"
}

// object runs the opcodes that make objects of classes.
func (m *pickleMachine) object(op byte) error {
	switch op {
	case 'c': // GLOBAL
		module, err := m.line()
		if err != nil {
			return err
		}
		name, err := m.line()
		if err != nil {
			return err
		}
		return m.global(module, name)
	case 0x93: // STACK_GLOBAL
		if err := m.tuple(2); err != nil {
			return err
		}
		pair, err := m.pop()
		if err != nil {
			return err
		}
		module, ok1 := pair.(pickleTuple)[0].(string)
		name, ok2 := pair.(pickleTuple)[1].(string)
		if !ok1 || !ok2 {
			return m.fail("global without a name")
		}
		return m.global(module, name)
	case 'Q': // BINPERSID
		id, err := m.pop()
		if err != nil {
			return err
		}
		s, err := storageOf(id)
		if err != nil {
			return m.fail("%v", err)
		}
		return m.push(s)
	}
	second, err := m.pop()
	if err != nil {
		return err
	}
	if op == 'b' { // BUILD
		return m.build(second)
	}
	first, err := m.pop()
	if err != nil {
		return err
	}
	g, ok := first.(pickleGlobal)
	args, isTuple := second.(pickleTuple)
	if ok && isTuple && inert[g] {
		return m.push(pickleObject{g})
	}
	if !ok || !isTuple || pickleCalls[g] == nil {
		return m.fail("call of %s", kindOf(first))
	}
	v, err := pickleCalls[g](args)
	if err != nil {
		return m.fail("%s: %v", g.name, err)
	}
	if d, ok := v.(*pickleDict); ok {
		if err := m.charge(len(d.items)); err != nil {
			return err
		}
	}
	return m.push(v)
}

// charge counts n copied items as steps: copying one container again and again must not grow without bound.
func (m *pickleMachine) charge(n int) error {
	if m.steps += n; m.steps > maxPickleSteps {
		return m.fail("more than %d steps", maxPickleSteps)
	}
	return nil
}

func (m *pickleMachine) global(module, name string) error {
	g := pickleGlobal{module, name}
	if !g.known() {
		return m.fail("it asks for %s.%s, which only Python could run; convert the file to .safetensors", module, name)
	}
	return m.push(g)
}

// build gives an object its state: the entries of a dictionary made by OrderedDict or ParameterDict. Inert objects stay as they are.
func (m *pickleMachine) build(state any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(pickleObject); ok {
		return nil
	}
	from, ok1 := state.(*pickleDict)
	to, ok2 := v.(*pickleDict)
	if !ok1 || !ok2 || from == to {
		return m.fail("state of %s", kindOf(v))
	}
	if err := m.charge(len(from.items)); err != nil {
		return err
	}
	to.items = append(to.items, from.items...)
	return nil
}

// storageOf reads a persistent id: ("storage", class, key, device, number of values[, view]).
func storageOf(id any) (pickleStorage, error) {
	var none pickleStorage
	t, ok := id.(pickleTuple)
	if !ok || len(t) < 5 || t[0] != "storage" {
		return none, fmt.Errorf("reference to %s", kindOf(id))
	}
	class, ok1 := t[1].(pickleGlobal)
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	dtype, ok4 := storageTypes[class.name]
	if class == untyped {
		dtype, ok4 = U8, true
	}
	if !ok1 || !ok2 || !ok3 || !ok4 || count < 0 {
		return none, fmt.Errorf("reference to a storage of %s", kindOf(t[1]))
	}
	if len(t) > 5 && t[5] != nil {
		return none, fmt.Errorf("storage %s is a view of another one", key)
	}
	return pickleStorage{dtype, key, count}, nil
}

// callDict is OrderedDict(), OrderedDict([(key, value), …]) or ParameterDict().
func callDict(args []any) (any, error) {
	d := &pickleDict{}
	if len(args) == 0 {
		return d, nil
	}
	list, ok := args[0].(*pickleList)
	if !ok {
		return nil, fmt.Errorf("argument %s", kindOf(args[0]))
	}
	for _, item := range list.items {
		pair := asTuple(item)
		if len(pair) != 2 {
			return nil, fmt.Errorf("entry %s", kindOf(item))
		}
		d.items = append(d.items, picklePair{pair[0], pair[1]})
	}
	return d, nil
}

// callTensor is _rebuild_tensor_v2(storage, first, shape, stride, requires_grad, hooks).
func callTensor(args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments", len(args))
	}
	storage, ok1 := args[0].(pickleStorage)
	first, ok2 := args[1].(int64)
	shape, ok3 := sizes(args[2])
	stride, ok4 := sizes(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || first < 0 || len(shape) != len(stride) {
		return nil, fmt.Errorf("arguments of an unknown kind")
	}
	return pickleTensor{storage, storage.dtype, first, shape, stride}, nil
}

// callTypedTensor is _rebuild_tensor_v3(storage, first, shape, stride, requires_grad, hooks, dtype[, metadata]), whose storage is of bytes.
func callTypedTensor(args []any) (any, error) {
	if len(args) < 7 {
		return nil, fmt.Errorf("%d arguments", len(args))
	}
	v, err := callTensor(args)
	if err != nil {
		return nil, err
	}
	g, _ := args[6].(pickleGlobal)
	dtype, ok := tensorTypes[g.name]
	if !ok {
		return nil, fmt.Errorf("type %s", kindOf(args[6]))
	}
	t := v.(pickleTensor)
	t.dtype = dtype
	return t, nil
}

// callParameter is a function whose first argument is the tensor.
func callParameter(args []any) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(pickleTensor); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("argument is no tensor")
}

func callSize(args []any) (any, error) {
	if len(args) == 1 {
		if t := asTuple(args[0]); t != nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("argument is no list of sizes")
}

func asTuple(v any) pickleTuple {
	switch v := v.(type) {
	case pickleTuple:
		return v
	case *pickleList:
		return v.items
	}
	return nil
}

func sizes(v any) ([]int64, bool) {
	t := asTuple(v)
	if t == nil || len(t) > maxRank {
		return nil, false
	}
	list := make([]int64, len(t))
	for i, item := range t {
		n, ok := item.(int64)
		if !ok || n < 0 {
			return nil, false
		}
		list[i] = n
	}
	return list, true
}

// contiguous reports whether values lie in row-major order without gaps. Axes of one value may have any stride.
func (t pickleTensor) contiguous() bool {
	step := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}
