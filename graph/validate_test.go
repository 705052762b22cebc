package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// refusal is the whole answer to a refused prompt, or the node errors of an accepted one.
func refusal(v *Validation) string {
	if e := v.APIError(); e != nil {
		return jsonText(ojson.NewObject("error", e, "node_errors", v.NodeErrors()))
	}
	return jsonText(v.NodeErrors())
}

// The error objects of ComfyUI, each with the exact text.
func TestValidateErrors(t *testing.T) {
	const (
		failed   = `{"error":{"type":"prompt_outputs_failed_validation","message":"Prompt outputs failed validation","details":%s,"extra_info":{}},"node_errors":%s}`
		upstream = `{"error":{"type":"prompt_outputs_failed_validation","message":"Prompt outputs failed validation","details":"","extra_info":{}},"node_errors":%s}`
	)
	// add is the answer to a wrong Add node (1) that feeds the output Show (2).
	add := func(errors string) string {
		return fmt.Sprintf(upstream, `{"1":{"errors":[`+errors+`],"dependent_outputs":["2"],"class_type":"Add"}}`)
	}
	addPrompt := func(inputs string) string {
		return `{"1":{"class_type":"Add","inputs":` + inputs + `},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}`
	}
	configA := `["INT",{"default":0}]`
	configB := `["FLOAT",{"default":0.0,"min":-10.0,"max":10.0}]`
	tests := map[string]struct{ prompt, want string }{
		"no class_type": {`{"7":{"inputs":{}}}`,
			`{"error":{"type":"invalid_prompt","message":"Cannot execute because a node is missing the class_type property.","details":"Node ID '#7'","extra_info":{}},"node_errors":{}}`},
		"not an object": {`{"7":5}`,
			`{"error":{"type":"invalid_prompt","message":"Cannot execute because a node is missing the class_type property.","details":"Node ID '#7'","extra_info":{}},"node_errors":{}}`},
		"unknown class, unconnected": {`{"1":{"class_type":"Sink","inputs":{"any":["2",0]}},"2":{"class_type":"Numbers","inputs":{"text":""}},"9":{"class_type":"Nix","inputs":{}}}`,
			`{"error":{"type":"invalid_prompt","message":"Cannot execute because node Nix does not exist.","details":"Node ID '#9'","extra_info":{}},"node_errors":{}}`},
		"empty prompt": {`{}`,
			`{"error":{"type":"prompt_no_outputs","message":"Prompt has no outputs","details":"","extra_info":{}},"node_errors":{}}`},
		"no output": {`{"1":{"class_type":"Numbers","inputs":{}}}`,
			`{"error":{"type":"prompt_no_outputs","message":"Prompt has no outputs","details":"","extra_info":{}},"node_errors":{}}`},
		"required_input_missing on the output": {`{"2":{"class_type":"Sink","inputs":{}}}`,
			fmt.Sprintf(failed, `"Required input is missing: any"`, `{"2":{"errors":[{"type":"required_input_missing","message":"Required input is missing","details":"any","extra_info":{"input_name":"any"}}],"dependent_outputs":["2"],"class_type":"Sink"}}`)},
		"required_input_missing before the output": {addPrompt(`{"b":1}`),
			add(`{"type":"required_input_missing","message":"Required input is missing","details":"a","extra_info":{"input_name":"a"}}`)},
		"bad_linked_input": {addPrompt(`{"a":["1",0,0],"b":1}`),
			add(`{"type":"bad_linked_input","message":"Bad linked input, must be a length-2 list of [node_id, slot_index]","details":"a","extra_info":{"input_name":"a","input_config":` + configA + `,"received_value":["1",0,0]}}`)},
		"bad_linked_input, empty list": {addPrompt(`{"a":[],"b":1}`),
			add(`{"type":"bad_linked_input","message":"Bad linked input, must be a length-2 list of [node_id, slot_index]","details":"a","extra_info":{"input_name":"a","input_config":` + configA + `,"received_value":[]}}`)},
		"return_type_mismatch": {`{"0":{"class_type":"Load","inputs":{"name":"a.png"}},"1":{"class_type":"Add","inputs":{"a":["0",0],"b":1}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}`,
			add(`{"type":"return_type_mismatch","message":"Return type mismatch between linked nodes","details":"a, received_type(IMAGE) mismatch input_type(INT)","extra_info":{"input_name":"a","input_config":` + configA + `,"received_type":"IMAGE","linked_node":["0",0]}}`)},
		"invalid_input_type, INT": {addPrompt(`{"a":"5.0","b":1}`),
			add(`{"type":"invalid_input_type","message":"Failed to convert an input value to a INT value","details":"a, 5.0, invalid literal for int() with base 10: '5.0'","extra_info":{"input_name":"a","input_config":` + configA + `,"received_value":"5.0","exception_message":"invalid literal for int() with base 10: '5.0'"}}`)},
		"invalid_input_type, null": {addPrompt(`{"a":null,"b":1}`),
			add(`{"type":"invalid_input_type","message":"Failed to convert an input value to a INT value","details":"a, None, int() argument must be a string, a bytes-like object or a real number, not 'NoneType'","extra_info":{"input_name":"a","input_config":` + configA + `,"received_value":null,"exception_message":"int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"}}`)},
		"invalid_input_type, FLOAT": {addPrompt(`{"a":1,"b":"x"}`),
			add(`{"type":"invalid_input_type","message":"Failed to convert an input value to a FLOAT value","details":"b, x, could not convert string to float: 'x'","extra_info":{"input_name":"b","input_config":` + configB + `,"received_value":"x","exception_message":"could not convert string to float: 'x'"}}`)},
		"NaN where there are limits": {addPrompt(`{"a":1,"b":NaN}`),
			add(`{"type":"invalid_input_type","message":"Failed to convert an input value to a FLOAT value","details":"b, nan, must be a finite number","extra_info":{"input_name":"b","input_config":` + configB + `,"received_value":NaN,"exception_message":"must be a finite number"}}`)},
		"infinite": {addPrompt(`{"a":1,"b":"-inf"}`),
			add(`{"type":"value_smaller_than_min","message":"Value -inf smaller than min of -10.0","details":"b","extra_info":{"input_name":"b","input_config":` + configB + `,"received_value":-Infinity}}`)},
		"value_smaller_than_min": {addPrompt(`{"a":1,"b":-10.5}`),
			add(`{"type":"value_smaller_than_min","message":"Value -10.5 smaller than min of -10.0","details":"b","extra_info":{"input_name":"b","input_config":` + configB + `,"received_value":-10.5}}`)},
		"value_bigger_than_max, after coercion": {addPrompt(`{"a":1,"b":"11"}`),
			add(`{"type":"value_bigger_than_max","message":"Value 11.0 bigger than max of 10.0","details":"b","extra_info":{"input_name":"b","input_config":` + configB + `,"received_value":11.0}}`)},
		"beyond 64 bits": {addPrompt(`{"a":"100000000000000000000","b":1}`),
			add(`{"type":"value_bigger_than_max","message":"Value 100000000000000000000 bigger than max of 9223372036854775807","details":"a","extra_info":{"input_name":"a","input_config":` + configA + `,"received_value":1e+20}}`)},
		"value_not_in_list": {`{"1":{"class_type":"Load","inputs":{"name":"z.png"}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}}}`,
			fmt.Sprintf(upstream, `{"1":{"errors":[{"type":"value_not_in_list","message":"Value not in list","details":"name: 'z.png' not in ['a.png', 'b.png', 'c.png', 'd.png']","extra_info":{"input_name":"name","input_config":[["a.png","b.png","c.png","d.png"],{}],"received_value":"z.png"}}],"dependent_outputs":["2"],"class_type":"Load"}}`)},
		"custom_validation_failed": {`{"1":{"class_type":"Checked","inputs":{"image":"x.gif","level":1}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}}}`,
			fmt.Sprintf(upstream, `{"1":{"errors":[{"type":"custom_validation_failed","message":"Custom validation failed for node","details":"image - Invalid image file: x.gif","extra_info":{"input_name":"image"}}],"dependent_outputs":["2"],"class_type":"Checked"}}`)},
		"missing source on an output": {`{"2":{"class_type":"Sink","inputs":{"any":["77",0]}}}`,
			fmt.Sprintf(failed, `"Exception when validating node: '77'"`, `{"2":{"errors":[{"type":"exception_during_validation","message":"Exception when validating node","details":"'77'","extra_info":{"exception_type":"KeyError","traceback":["  validate node 2 (Sink)\n"]}}],"dependent_outputs":["2"],"class_type":"Sink"}}`)},
		"missing source deeper": {addPrompt(`{"a":["77",0],"b":1}`),
			add(`{"type":"exception_during_inner_validation","message":"Exception when validating inner node","details":"'77'","extra_info":{"input_name":"value","input_config":["*",{}],"exception_message":"'77'","exception_type":"KeyError","traceback":["  validate node 1 (Add)\n"],"linked_node":["1",0]}}`)},
		"slot out of range": {`{"1":{"class_type":"Numbers","inputs":{"text":""}},"2":{"class_type":"Sink","inputs":{"any":["1",1]}}}`,
			fmt.Sprintf(failed, `"Exception when validating node: tuple index out of range"`, `{"2":{"errors":[{"type":"exception_during_validation","message":"Exception when validating node","details":"tuple index out of range","extra_info":{"exception_type":"IndexError","traceback":["  validate node 2 (Sink)\n"]}}],"dependent_outputs":["2"],"class_type":"Sink"}}`)},
		"no inputs": {`{"2":{"class_type":"Sink"}}`,
			fmt.Sprintf(failed, `"Exception when validating node: 'inputs'"`, `{"2":{"errors":[{"type":"exception_during_validation","message":"Exception when validating node","details":"'inputs'","extra_info":{"exception_type":"KeyError","traceback":["  validate node 2 (Sink)\n"]}}],"dependent_outputs":["2"],"class_type":"Sink"}}`)},
		"a cycle": {`{"1":{"class_type":"Join","inputs":{"a":["2",0]}},"2":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`,
			fmt.Sprintf(upstream, `{}`)},
		"a node that reads itself": {`{"1":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`,
			fmt.Sprintf(upstream, `{}`)},
		"one output good, one bad": {`{"1":{"class_type":"Numbers","inputs":{"text":""}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}},"3":{"class_type":"Sink","inputs":{}}}`,
			`{"3":{"errors":[{"type":"required_input_missing","message":"Required input is missing","details":"any","extra_info":{"input_name":"any"}}],"dependent_outputs":["3"],"class_type":"Sink"}}`},
		// The second failed output is listed although it does not depend on node 1.
		"dependent_outputs": {`{"1":{"class_type":"Load","inputs":{}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}},"3":{"class_type":"Sink","inputs":{}}}`,
			fmt.Sprintf(failed, `"Required input is missing: any"`, `{"1":{"errors":[{"type":"required_input_missing","message":"Required input is missing","details":"name","extra_info":{"input_name":"name"}}],"dependent_outputs":["2","3"],"class_type":"Load"},"3":{"errors":[{"type":"required_input_missing","message":"Required input is missing","details":"any","extra_info":{"input_name":"any"}}],"dependent_outputs":["3"],"class_type":"Sink"}}`)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			if got := refusal(e.Validate(parsePrompt(t, tt.prompt), nil)); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestValidateLongList(t *testing.T) {
	names := make([]string, 21)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	e := newTestEngine(t, Config{Choices: func(string) ([]string, error) { return names, nil }})
	v := e.Validate(parsePrompt(t, `{"1":{"class_type":"Load","inputs":{"name":"f99"}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}}}`), nil)
	want := `{"type":"value_not_in_list","message":"Value not in list","details":"name: 'f99' not in (list of length 21)","extra_info":{"input_name":"name","input_config":null,"received_value":"f99"}}`
	if got := jsonText(v.NodeErrors().Object("1").Array("errors")[0]); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// How Python converts constants: what is stored back, or the Python exception.
func TestCoerce(t *testing.T) {
	tests := []struct {
		wire string
		in   any
		want any // a string that begins with "!" is the text of an exception
	}{
		{TypeInt, 1.9, int64(1)},
		{TypeInt, -1.9, int64(-1)},
		{TypeInt, "5", int64(5)},
		{TypeInt, " 5 ", int64(5)},
		{TypeInt, "1_000", int64(1000)},
		{TypeInt, "1__0", "!invalid literal for int() with base 10: '1__0'"},
		{TypeInt, "18446744073709551615", uint64(math.MaxUint64)},
		{TypeInt, "5.0", "!invalid literal for int() with base 10: '5.0'"},
		{TypeInt, "", "!invalid literal for int() with base 10: ''"},
		{TypeInt, nil, "!int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"},
		{TypeInt, math.NaN(), "!cannot convert float NaN to integer"},
		{TypeInt, math.Inf(1), "!cannot convert float infinity to integer"},
		{TypeInt, true, int64(1)},
		{TypeFloat, "1e3", 1000.0},
		{TypeFloat, int64(3), 3.0},
		{TypeFloat, true, 1.0},
		{TypeFloat, "0x10p0", "!could not convert string to float: '0x10p0'"},
		{TypeFloat, "1e999", math.Inf(1)},
		{TypeFloat, nil, "!float() argument must be a string or a real number, not 'NoneType'"},
		{TypeFloat, "x", "!could not convert string to float: 'x'"},
		{TypeString, int64(5), "5"},
		{TypeString, 5.0, "5.0"},
		{TypeString, true, "True"},
		{TypeString, nil, "None"},
		{TypeString, ojson.NewObject("a", int64(1)), "{'a': 1}"},
		{TypeBoolean, "false", true},
		{TypeBoolean, "0", true},
		{TypeBoolean, int64(1), true},
		{TypeBoolean, ojson.NewObject("a", int64(0)), true},
		{TypeBoolean, "", false},
		{TypeBoolean, int64(0), false},
		{TypeBoolean, 0.0, false},
		{TypeBoolean, nil, false},
		{TypeBoolean, ojson.NewObject(), false},
		{TypeCombo, int64(5), int64(5)},
		{"MODEL", "x", "x"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %v", tt.wire, tt.in), func(t *testing.T) {
			got, raised := (&Input{Type: tt.wire}).coerce(tt.in)
			if raised != nil {
				got = "!" + raised.text
			}
			if got != tt.want {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestValidateStoresBack(t *testing.T) {
	e := newTestEngine(t, Config{})
	prompt := parsePrompt(t, `{"1":{"class_type":"Add","inputs":{"a":"5","b":{"__value__":3},"extra":"5"}},"2":{"class_type":"Show","inputs":{"value":{"__value__":["x",1]}}},"3":{"class_type":"Show","inputs":{"value":["1",0]}}}`)
	if v := e.Validate(prompt, nil); v.Err() != nil {
		t.Fatal(v.Err())
	}
	if got, want := jsonText(prompt), `{"1":{"class_type":"Add","inputs":{"a":5,"b":3.0,"extra":"5"}},"2":{"class_type":"Show","inputs":{"value":["x",1]}},"3":{"class_type":"Show","inputs":{"value":["1",0]}}}`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestValidateLinkTypes(t *testing.T) {
	const sources = `"1":{"class_type":"Numbers","inputs":{"text":""}},"2":{"class_type":"Load","inputs":{"name":"a.png"}},"3":{"class_type":"Newer","inputs":{"mode":"zzz"}},"4":{"class_type":"Fail","inputs":{"how":"none"}},`
	tests := map[string]struct {
		node string
		ok   bool
	}{
		"INT into *":              {`{"class_type":"Show","inputs":{"value":["1",0]}}`, true},
		"INT into INT":            {`{"class_type":"Add","inputs":{"a":["1",0],"b":1}}`, true},
		"INT into FLOAT":          {`{"class_type":"Add","inputs":{"a":1,"b":["1",0]}}`, false},
		"INT into INT,FLOAT":      {`{"class_type":"Newer","inputs":{"mode":"a","in":["1",0]}}`, true},
		"* into IMAGE":            {`{"class_type":"Join","inputs":{"a":["4",0]}}`, true},
		"STRING into a drop-down": {`{"class_type":"Load","inputs":{"name":["3",0]}}`, false},
		"IMAGE into STRING":       {`{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":["2",0]}}`, false},
		"negative slot":           {`{"class_type":"Join","inputs":{"a":["2",-1]}}`, true},
		"true as a slot":          {`{"class_type":"Join","inputs":{"a":["2",false]}}`, true},
		"negative slot, too far":  {`{"class_type":"Join","inputs":{"a":["2",-2]}}`, false},
		"slot as text":            {`{"class_type":"Join","inputs":{"a":["2","0"]}}`, false},
		"id as a number":          {`{"class_type":"Join","inputs":{"a":[2,0]}}`, false},
		"id as an object":         {`{"class_type":"Join","inputs":{"a":[{},0]}}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			v := e.Validate(parsePrompt(t, `{`+sources+`"8":`+tt.node+`,"9":{"class_type":"Sink","inputs":{"any":["8",-1]}}}`), nil)
			if strings.Contains(tt.node, `"Save"`) || strings.Contains(tt.node, `"Show"`) {
				// An output itself: node 9 cannot read it.
				v = e.Validate(parsePrompt(t, `{`+sources+`"8":`+tt.node+`}`), nil)
			}
			if v.OK() != tt.ok {
				t.Errorf("accepted: %v, want %v: %v", v.OK(), tt.ok, v.Err())
			}
		})
	}
}

func TestValidateTargets(t *testing.T) {
	const prompt = `{"1":{"class_type":"Numbers","inputs":{"text":""}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`
	tests := map[string]struct {
		targets []string
		want    string
	}{
		"nil is all":           {nil, "2 3"},
		"one":                  {[]string{"3"}, "3"},
		"a node in between":    {[]string{"1", "2"}, "2"},
		"empty is none":        {[]string{}, ""},
		"nothing of the graph": {[]string{"x"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := newTestEngine(t, Config{}).Validate(parsePrompt(t, prompt), tt.targets)
			if got := strings.Join(v.Outputs, " "); got != tt.want || v.OK() != (tt.want != "") {
				t.Errorf("outputs %q, ok %v; want %q", got, v.OK(), tt.want)
			}
		})
	}
}

// The engine's own list has everything at once, nearest names included.
func TestValidateTellsEverything(t *testing.T) {
	e := newTestEngine(t, Config{})
	v := e.Validate(parsePrompt(t, `{
		"1": {"class_type": "Lod", "inputs": {}},
		"2": {"class_type": "Load", "inputs": {"name": "b.pngg"}},
		"3": {"class_type": "Add", "inputs": {"a": ["10", 0], "b": 99}},
		"4": {"class_type": "Join", "inputs": {"a": ["5", 0], "b": ["2", 3]}},
		"5": {"class_type": "Join", "inputs": {"a": ["4", 0], "b": ["66", 0]}},
		"6": {"class_type": "Sink", "inputs": {"any": ["4", 0]}},
		"7": {"class_type": "Sink", "inputs": {"any": ["3", 0]}},
		"8": {"class_type": "Sink", "inputs": {"any": ["1", 0]}},
		"9": {"class_type": "Sink", "inputs": {"any": ["2", 0]}},
		"10": {"class_type": "Numbers", "inputs": {"texts": "1 2"}}}`), nil)
	want := []string{
		`node 1 (Lod): the class does not exist; did you mean Load?`,
		`node 2 (Load): input name: 'b.pngg' is not in the list; did you mean "b.png"?`,
		`node 3 (Add): input b: is 99.0; use -10.0 to 10.0`,
		`node 4 (Join): input b: node 2 (Load) has no output 3; its only output is 0`,
		`node 5 (Join): input b: the link comes from node 66, which is not there; connect another node`,
		`node 5 (Join): input a: the link closes a cycle: 4 → 5 → 4; delete one of these links`,
		`node 10 (Numbers): input text: required input is missing; the node has "texts", which is no input of this class`,
	}
	if got := strings.Split(v.Err().Error(), "\n"); !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if v.APIError().String("type") != "invalid_prompt" {
		t.Errorf("error %s", jsonText(v.APIError()))
	}
}

func TestValidateNil(t *testing.T) {
	e := newTestEngine(t, Config{})
	if v := e.Validate(nil, nil); v.OK() || v.APIError().String("type") != "prompt_no_outputs" {
		t.Errorf("%s", refusal(v))
	}
}
