//! The effect of each opcode of a pickle.

use super::machine::{Machine, Step, quoted};
use super::{Id, Value};

impl Machine<'_, '_> {
    /// Runs to the end of the program; one arm per opcode of protocols 0 to 5.
    pub(super) fn run(&mut self) -> Step<Id> {
        loop {
            let op = self.u8()? as u8;
            match op {
                0x80 => drop(self.u8()?),
                0x95 => drop(self.u64()?),
                b'.' => return self.pop(),
                b'(' => {
                    self.room::<usize>(1)?;
                    self.marks.push(self.stack.len());
                }
                b'0' => match self.marks.last() {
                    Some(&mark) if mark == self.stack.len() => drop(self.marks.pop()),
                    _ => drop(self.pop()?),
                },
                b'1' => drop(self.pop_mark()?),
                b'2' => {
                    let id = self.top()?;
                    self.push_id(id)?;
                }
                b'N' => self.push(Value::None)?,
                0x88 => self.push(Value::Bool(true))?,
                0x89 => self.push(Value::Bool(false))?,
                b'I' | b'L' => self.decimal()?,
                b'J' => {
                    let i = i32::from_le_bytes(self.array()?);
                    self.push(Value::Int(i64::from(i)))?;
                }
                b'K' => {
                    let i = self.u8()?;
                    self.push(Value::Int(i as i64))?;
                }
                b'M' => {
                    let i = self.u16()?;
                    self.push(Value::Int(i as i64))?;
                }
                0x8a => {
                    let n = self.u8()?;
                    self.long(n)?;
                }
                0x8b => {
                    let n = self.u32()?;
                    self.long(n)?;
                }
                b'F' => {
                    let line = self.plain_line()?;
                    match line.trim().parse() {
                        Ok(f) => self.push(Value::Float(f))?,
                        Err(_) => {
                            let found = quoted(line);
                            return self.fail(format!("{found} where a number was expected"));
                        }
                    }
                }
                b'G' => {
                    let f = f64::from_be_bytes(self.array()?);
                    self.push(Value::Float(f))?;
                }
                b'S' => {
                    let line = self.line()?.trim_ascii();
                    let quote = |b: &u8| matches!(b, b'\'' | b'"');
                    let start = line.iter().take_while(|b| quote(b)).count();
                    let end = line.iter().rev().take_while(|b| quote(b)).count();
                    let text = line.get(start..line.len() - end).unwrap_or_default();
                    self.push_text(text)?;
                }
                b'V' => {
                    let line = self.line()?;
                    self.push_text(line)?;
                }
                b'T' | b'X' => {
                    let n = self.u32()?;
                    let text = self.take(n)?;
                    self.push_text(text)?;
                }
                b'U' | 0x8c => {
                    let n = self.u8()?;
                    let text = self.take(n)?;
                    self.push_text(text)?;
                }
                0x8d => {
                    let n = self.u64()?;
                    let text = self.take(n)?;
                    self.push_text(text)?;
                }
                b'B' | b'C' | 0x8e | 0x96 => {
                    let n = match op {
                        b'B' => self.u32()?,
                        b'C' => self.u8()?,
                        _ => self.u64()?,
                    };
                    self.push_bytes(n)?;
                }
                b')' => self.push(Value::Tuple(Vec::new()))?,
                0x85..=0x87 => {
                    let count = usize::from(op - 0x84);
                    self.room::<Id>(count)?;
                    let mut items = Vec::with_capacity(count);
                    for _ in 0x84..op {
                        items.push(self.pop()?);
                    }
                    items.reverse();
                    self.push(Value::Tuple(items))?;
                }
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Value::Tuple(items))?;
                }
                b']' | 0x8f => self.push(Value::List(Vec::new()))?,
                b'l' | 0x91 => {
                    let items = self.pop_mark()?;
                    self.push(Value::List(items))?;
                }
                b'a' => {
                    let item = self.pop()?;
                    let list = self.top()?;
                    self.append(list, &[item])?;
                }
                b'e' | 0x90 => {
                    let items = self.pop_mark()?;
                    let list = self.top()?;
                    self.append(list, &items)?;
                }
                b'}' => self.push(Value::Dict(Vec::new()))?,
                b'd' => {
                    let flat = self.pop_mark()?;
                    self.push(Value::Dict(Vec::new()))?;
                    let dict = self.top()?;
                    self.set_items(dict, &flat)?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    let dict = self.top()?;
                    self.set_items(dict, &[key, value])?;
                }
                b'u' => {
                    let flat = self.pop_mark()?;
                    let dict = self.top()?;
                    self.set_items(dict, &flat)?;
                }
                b'c' => {
                    let class = self.global()?;
                    self.push_id(class)?;
                }
                0x93 => self.stack_global()?,
                b'R' | 0x81 => {
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.call(class, args)?;
                }
                0x92 => {
                    let _keywords = self.pop()?;
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.call(class, args)?;
                }
                b'o' | b'i' => {
                    // INST names its class in the program, OBJ puts it first after the mark.
                    let named = match op {
                        b'i' => Some(self.global()?),
                        _ => None,
                    };
                    let mut items = self.pop_mark()?;
                    let class = match named {
                        Some(class) => class,
                        None if items.is_empty() => return self.fail("an object without a class"),
                        None => items.remove(0),
                    };
                    let args = self.new_value(Value::Tuple(items))?;
                    self.call(class, args)?;
                }
                b'b' => {
                    let state = self.pop()?;
                    let target = self.top()?;
                    if let Some(Value::Object(object)) = self.values.get_mut(target) {
                        object.state = Some(state);
                    }
                }
                b'p' => {
                    let key = self.decimal_key()?;
                    self.remember(key)?;
                }
                b'q' => {
                    let key = self.u8()?;
                    self.remember(key)?;
                }
                b'r' => {
                    let key = self.u32()?;
                    self.remember(key)?;
                }
                0x94 => {
                    // The next key, as Python counts them.
                    self.remember(self.memo.len())?;
                }
                b'g' => {
                    let key = self.decimal_key()?;
                    self.recall(key)?;
                }
                b'h' => {
                    let key = self.u8()?;
                    self.recall(key)?;
                }
                b'j' => {
                    let key = self.u32()?;
                    self.recall(key)?;
                }
                b'P' => {
                    let line = self.line()?;
                    let id = self.text(line)?;
                    self.push(Value::Persistent(id))?;
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.push(Value::Persistent(id))?;
                }
                0x82..=0x84 => {
                    self.take(match op {
                        0x82 => 1,
                        0x83 => 2,
                        _ => 4,
                    })?;
                    let (module, name) = (self.text(b"copyreg")?, self.text(b"extension")?);
                    self.push(Value::Global(module, name))?;
                }
                0x97 => self.push(Value::Bytes(Vec::new()))?,
                0x98 => {}
                _ => return self.fail(format!("unknown opcode 0x{op:02x}")),
            }
        }
    }
}
