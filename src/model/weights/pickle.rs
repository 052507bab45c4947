//! The part of Python's pickle language that a dictionary of tensors is written in.
//!
//! Objects live in one list and refer to each other by position, so nothing recurses: neither deep nesting
//! nor cycles can exhaust the stack. Every instruction adds at most one object and their number is limited.
//! The only "functions" are those in [`Known`]; none of them runs code of the file.

use std::{collections::HashMap, rc::Rc};

use safetensors::Dtype;

use super::Problem;

/// More instructions than this are refused; a state dictionary needs about 60 for each tensor.
const MOST_INSTRUCTIONS: usize = 2_000_000;
/// Longest name or text in bytes.
const LONGEST_TEXT: usize = 1 << 16;

/// A value on the stack.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    Known(Known),
    /// An object at this position.
    Object(usize),
}

/// The names of Python's that a file may mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    Storage(Dtype),
}

/// Where a tensor's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// What its values are.
    pub kind: Dtype,
    /// Its name in the file.
    pub key: Rc<str>,
    /// Values in it.
    pub count: usize,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorView {
    pub storage: Storage,
    /// Values before the first.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// Values between neighbours along each dimension.
    pub strides: Vec<usize>,
}

#[derive(Debug, Clone)]
pub enum Object {
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Storage(Storage),
    Tensor(TensorView),
}

/// What a program made.
pub struct Made {
    pub value: Value,
    objects: Vec<Object>,
    /// Bytes that were read, up to and with the program's end.
    pub consumed: usize,
}

impl Made {
    pub fn object(&self, value: &Value) -> Option<&Object> {
        match value {
            Value::Object(at) => self.objects.get(*at),
            _ => None,
        }
    }
}

fn known(module: &str, name: &str) -> Option<Known> {
    Some(match (module, name) {
        ("collections", "OrderedDict") => Known::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Known::RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Known::RebuildParameter,
        ("torch", "Size") => Known::Size,
        ("torch", storage) => Known::Storage(match storage {
            "DoubleStorage" => Dtype::F64,
            "FloatStorage" => Dtype::F32,
            "HalfStorage" => Dtype::F16,
            "BFloat16Storage" => Dtype::BF16,
            "LongStorage" => Dtype::I64,
            "IntStorage" => Dtype::I32,
            "ShortStorage" => Dtype::I16,
            "CharStorage" => Dtype::I8,
            "ByteStorage" => Dtype::U8,
            "BoolStorage" => Dtype::BOOL,
            _ => return None,
        }),
        _ => return None,
    })
}

/// Follows the program at the start of `bytes` to its end.
///
/// # Errors
/// When it is damaged, asks for a function that is not known, or is too long.
pub fn follow(bytes: &[u8]) -> Result<Made, Problem> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Vec::new(),
    };
    for _ in 0..MOST_INSTRUCTIONS {
        let instruction = machine.byte()?;
        if instruction == b'.' {
            let value = machine.pop()?;
            let (objects, consumed) = (machine.objects, machine.at);
            return Ok(Made {
                value,
                objects,
                consumed,
            });
        }
        machine.step(instruction)?;
    }
    Err(Problem::TooLarge(format!(
        "its table of contents has more than {} instructions",
        crate::format::thousands(MOST_INSTRUCTIONS)
    )))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    objects: Vec<Object>,
}

fn out_of_order() -> Problem {
    Problem::damaged("its table of contents does not make sense")
}

impl Machine<'_> {
    fn step(&mut self, instruction: u8) -> Result<(), Problem> {
        match instruction {
            // Protocol and frame tell a reader nothing that it needs.
            0x80 => self.skip(1),
            0x95 => self.skip(8),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.since_mark().map(drop),
            b'2' => {
                let top = self.stack.last().cloned().ok_or_else(out_of_order)?;
                self.push(top)
            }
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'J' | b'K' | b'M' | 0x8a | b'G' => self.number(instruction),
            b'X' | 0x8c | b'T' | b'U' => self.text(instruction),
            b')' | b't' | 0x85..=0x87 => self.tuple(instruction),
            b']' => self.make(Object::List(Vec::new())),
            b'}' => self.make(Object::Dict(Vec::new())),
            b'a' | b'e' | b's' | b'u' => self.fill(instruction),
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.remember(instruction),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.name(&module, &name)
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => self.name(&module, &name),
                _ => Err(out_of_order()),
            },
            b'R' => self.reduce(),
            b'b' => self.build(),
            b'Q' => self.storage(),
            other => Err(Problem::Refused(format!(
                "has the instruction 0x{other:02x} that no dictionary of tensors needs"
            ))),
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Problem> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken =
            taken.ok_or_else(|| Problem::damaged("its table of contents ends too early"))?;
        self.at += count;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), Problem> {
        self.take(count).map(drop)
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn length(&mut self) -> Result<usize, Problem> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    /// A text up to the end of its line.
    fn line(&mut self) -> Result<String, Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let within = &rest[..rest.len().min(LONGEST_TEXT)];
        let end = within.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(out_of_order)?;
        let line = String::from_utf8_lossy(&within[..end]).into_owned();
        self.at += end + 1;
        Ok(line)
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        self.stack.push(value);
        Ok(())
    }

    fn make(&mut self, object: Object) -> Result<(), Problem> {
        self.objects.push(object);
        self.push(Value::Object(self.objects.len() - 1))
    }

    /// The newest value above the newest mark.
    fn pop(&mut self) -> Result<Value, Problem> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= bottom {
            return Err(out_of_order());
        }
        self.stack.pop().ok_or_else(out_of_order)
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.marks.pop().ok_or_else(out_of_order)?;
        Ok(self.stack.split_off(mark))
    }

    fn number(&mut self, instruction: u8) -> Result<(), Problem> {
        let value = match instruction {
            b'J' => Value::Int(i32::from_le_bytes(self.array()?).into()),
            b'K' => Value::Int(self.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.array()?).into()),
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            _ => {
                let count = self.byte()?;
                let bytes = self.take(count.into())?;
                let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
                let mut wide = [if is_negative { 0xff } else { 0 }; 8];
                let whole = wide.get_mut(..bytes.len());
                let whole = whole.ok_or_else(|| Problem::damaged("a number in it is too large"))?;
                whole.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(wide))
            }
        };
        self.push(value)
    }

    fn text(&mut self, instruction: u8) -> Result<(), Problem> {
        let count = match instruction {
            b'X' | b'T' => self.length()?,
            _ => self.byte()?.into(),
        };
        if count > LONGEST_TEXT {
            return Err(Problem::damaged("a name in it is far too long"));
        }
        let text: Rc<str> = String::from_utf8_lossy(self.take(count)?).into();
        self.push(Value::Text(text))
    }

    fn tuple(&mut self, instruction: u8) -> Result<(), Problem> {
        let items = match instruction {
            b')' => Vec::new(),
            b't' => self.since_mark()?,
            few => {
                let mut items = Vec::new();
                for _ in 0..=few - 0x85 {
                    items.push(self.pop()?);
                }
                items.reverse();
                items
            }
        };
        self.make(Object::Tuple(items))
    }

    /// Puts values into a list or dictionary.
    fn fill(&mut self, instruction: u8) -> Result<(), Problem> {
        let values = match instruction {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.since_mark()?,
        };
        let Some(Value::Object(at)) = self.stack.last() else {
            return Err(out_of_order());
        };
        match (self.objects.get_mut(*at), instruction) {
            (Some(Object::List(list)), b'a' | b'e') => list.extend(values),
            (Some(Object::Dict(entries)), b's' | b'u') if values.len() % 2 == 0 => {
                let mut values = values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    entries.push((key, value));
                }
            }
            _ => return Err(out_of_order()),
        }
        Ok(())
    }

    fn remember(&mut self, instruction: u8) -> Result<(), Problem> {
        let key = match instruction {
            b'q' | b'h' => self.byte()?.into(),
            b'r' | b'j' => self.length()? as u64,
            _ => self.memo.len() as u64,
        };
        if matches!(instruction, b'h' | b'j') {
            let value = self.memo.get(&key).cloned().ok_or_else(out_of_order)?;
            return self.push(value);
        }
        let value = self.stack.last().cloned().ok_or_else(out_of_order)?;
        self.memo.insert(key, value);
        Ok(())
    }

    fn name(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        match known(module, name) {
            Some(known) => self.push(Value::Known(known)),
            None => Err(Problem::Refused(format!(
                "wants to use {:?} of Python",
                crate::format::shortened(&format!("{module}.{name}"), 80)
            ))),
        }
    }
}

mod build;
