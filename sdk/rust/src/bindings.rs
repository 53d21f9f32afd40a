//! Generated from sdk/wit by sdk/gen: change nothing here.
//! tidy: table
//! Of the contract whose text has the FNV-1a number 70dffd0b4a237d4c.
#![allow(unsafe_code)]
// Options used:
//   * runtime_path: "crate::abi"
//   * additional derives ["PartialEq"]
//   * default-bindings-module: "cordboard_module::bindings"
//   * pub-export-macro
//   * generate_unused_types
#[rustfmt::skip]
#[allow(dead_code, clippy::all)]
pub mod cordboard {
	pub mod module {
		/// Text for people. Bounded: 4,096 bytes a line, 50 lines a second and module; more are counted.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod log {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			#[repr(u8)]
			#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
			pub enum Level {
				Debug,
				Info,
				Warn,
				Error,
			}
			impl ::core::fmt::Debug for Level {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					match self {
						Level::Debug => f.debug_tuple("Level::Debug").finish(),
						Level::Info => f.debug_tuple("Level::Info").finish(),
						Level::Warn => f.debug_tuple("Level::Warn").finish(),
						Level::Error => f.debug_tuple("Level::Error").finish(),
					}
				}
			}
			impl Level {
				#[doc(hidden)]
				pub unsafe fn _lift(val: u8) -> Level {
					if !cfg!(debug_assertions) {
						return unsafe { ::core::mem::transmute(val) };
					}
					match val {
						0 => Level::Debug,
						1 => Level::Info,
						2 => Level::Warn,
						3 => Level::Error,
						_ => panic!("invalid enum discriminant"),
					}
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			#[allow(async_fn_in_trait)]
			pub fn write(level: Level, message: &str) -> () {
				unsafe {
					let vec0 = message;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/log@0.1.0")]
					unsafe extern "C" {
						#[link_name = "write"]
						fn wit_import1(_: i32, _: *mut u8, _: usize);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import1(_: i32, _: *mut u8, _: usize) {
						unreachable!()
					}
					wit_import1(level.clone() as i32, ptr0.cast_mut(), len0);
				}
			}
		}
		/// Words that all interfaces share.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod types {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			/// A name and a value, as in a header or a variable.
			pub type Kv = (_rt::String, _rt::String);
			/// JSON text, UTF-8, at most 256 KiB.
			pub type Json = _rt::String;
			/// Why a host function failed, and whose fault that is.
			#[derive(Clone, PartialEq)]
			pub enum Error {
				/// The caller is gone: finish. Five seconds are left, in which nothing acts on the call.
				Gone,
				/// Nothing answered in time: the far end's fault, or a limit that the module set itself.
				Timeout,
				/// The grant, the manifest or the node's ceiling does not allow it: the operator's to cure.
				Denied(_rt::String),
				/// No such prompt, user, trunk, calendar, table: the dialplan's or the module's fault.
				NotFound(_rt::String),
				/// An argument is wrong: the module's fault.
				Invalid(_rt::String),
				/// A rate or a bound of the tenant is met: try later.
				Busy,
				/// What was needed is down, or its breaker is open.
				Unavailable(_rt::String),
			}
			impl ::core::fmt::Debug for Error {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					match self {
						Error::Gone => f.debug_tuple("Error::Gone").finish(),
						Error::Timeout => f.debug_tuple("Error::Timeout").finish(),
						Error::Denied(e) => {
							f.debug_tuple("Error::Denied").field(e).finish()
						}
						Error::NotFound(e) => {
							f.debug_tuple("Error::NotFound").field(e).finish()
						}
						Error::Invalid(e) => {
							f.debug_tuple("Error::Invalid").field(e).finish()
						}
						Error::Busy => f.debug_tuple("Error::Busy").finish(),
						Error::Unavailable(e) => {
							f.debug_tuple("Error::Unavailable").field(e).finish()
						}
					}
				}
			}
			impl ::core::fmt::Display for Error {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					write!(f, "{:?}", self)
				}
			}
			impl ::core::error::Error for Error {}
			/// Who calls, as far as that is known.
			#[derive(Clone, PartialEq)]
			pub struct Caller {
				/// E.164 where the tenant's country is known, or a user's name; empty when withheld.
				pub number: _rt::String,
				/// Display name.
				pub name: ::core::option::Option<_rt::String>,
				/// The user of the tenant who calls, where one does.
				pub user: ::core::option::Option<_rt::String>,
				/// The trunk that brought the call, where one did.
				pub trunk: ::core::option::Option<_rt::String>,
			}
			impl ::core::fmt::Debug for Caller {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Caller")
						.field("number", &self.number)
						.field("name", &self.name)
						.field("user", &self.user)
						.field("trunk", &self.trunk)
						.finish()
				}
			}
			/// Something that happened, as the tenant's journal has it.
			#[derive(Clone, PartialEq)]
			pub struct Event {
				/// Number in the tenant's journal.
				pub seq: u64,
				pub at_ms: u64,
				pub topic: _rt::String,
				pub call: ::core::option::Option<_rt::String>,
				/// Number of the leg in that call, for what happens to one leg: 1 is the first.
				pub leg: ::core::option::Option<u16>,
				pub payload: Json,
			}
			impl ::core::fmt::Debug for Event {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Event")
						.field("seq", &self.seq)
						.field("at-ms", &self.at_ms)
						.field("topic", &self.topic)
						.field("call", &self.call)
						.field("leg", &self.leg)
						.field("payload", &self.payload)
						.finish()
				}
			}
		}
		/// The module's settings in the tenant's dialplan, already checked against the manifest's schema.
		/// Secrets are not in it: `(secret)"name"` shows as `{{secret:name}}`, which `http` fills in.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod config {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Json = super::super::super::cordboard::module::types::Json;
			#[allow(unused_unsafe, clippy::all)]
			/// All settings, one JSON object.
			#[allow(async_fn_in_trait)]
			pub fn settings() -> Json {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 2 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 2
							* ::core::mem::size_of::<*const u8>()],
					);
					let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/config@0.1.0")]
					unsafe extern "C" {
						#[link_name = "settings"]
						fn wit_import1(_: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import1(_: *mut u8) {
						unreachable!()
					}
					wit_import1(ptr0);
					let l2 = *ptr0.add(0).cast::<*mut u8>();
					let l3 = *ptr0
						.add(::core::mem::size_of::<*const u8>())
						.cast::<usize>();
					let len4 = l3;
					let bytes4 = _rt::Vec::from_raw_parts(l2.cast(), len4, len4);
					let result5 = _rt::string_lift(bytes4);
					result5
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// The tenant that the module serves.
			#[allow(async_fn_in_trait)]
			pub fn tenant() -> _rt::String {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 2 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 2
							* ::core::mem::size_of::<*const u8>()],
					);
					let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/config@0.1.0")]
					unsafe extern "C" {
						#[link_name = "tenant"]
						fn wit_import1(_: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import1(_: *mut u8) {
						unreachable!()
					}
					wit_import1(ptr0);
					let l2 = *ptr0.add(0).cast::<*mut u8>();
					let l3 = *ptr0
						.add(::core::mem::size_of::<*const u8>())
						.cast::<usize>();
					let len4 = l3;
					let bytes4 = _rt::Vec::from_raw_parts(l2.cast(), len4, len4);
					let result5 = _rt::string_lift(bytes4);
					result5
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// A file beside the tenant's dialplan that `grant file` names: a table of numbers or rates.
			#[allow(async_fn_in_trait)]
			pub fn file(name: &str) -> ::core::option::Option<_rt::Vec<u8>> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 3 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 3
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = name;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/config@0.1.0")]
					unsafe extern "C" {
						#[link_name = "file"]
						fn wit_import2(_: *mut u8, _: usize, _: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import2(_: *mut u8, _: usize, _: *mut u8) {
						unreachable!()
					}
					wit_import2(ptr0.cast_mut(), len0, ptr1);
					let l3 = i32::from(*ptr1.add(0).cast::<u8>());
					let result7 = match l3 {
						0 => None,
						1 => {
							let e = {
								let l4 = *ptr1
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l5 = *ptr1
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let len6 = l5;
								<_ as From<
									_rt::Vec<_>,
								>>::from(_rt::Vec::from_raw_parts(l4.cast(), len6, len6))
							};
							Some(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result7
				}
			}
		}
		/// The time. Not in services and routers, which get it with each input.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod clock {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			#[allow(unused_unsafe, clippy::all)]
			/// Unix milliseconds.
			#[allow(async_fn_in_trait)]
			pub fn now_ms() -> u64 {
				unsafe {
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/clock@0.1.0")]
					unsafe extern "C" {
						#[link_name = "now-ms"]
						fn wit_import0() -> i64;
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import0() -> i64 {
						unreachable!()
					}
					let ret = wit_import0();
					ret as u64
				}
			}
		}
		/// Chance. Not in services and routers, which get a seed with each input.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod chance {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			#[allow(unused_unsafe, clippy::all)]
			#[allow(async_fn_in_trait)]
			pub fn draw() -> u64 {
				unsafe {
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/chance@0.1.0")]
					unsafe extern "C" {
						#[link_name = "draw"]
						fn wit_import0() -> i64;
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import0() -> i64 {
						unreachable!()
					}
					let ret = wit_import0();
					ret as u64
				}
			}
		}
		/// Values that outlive reloads and restarts, the module's own in each tenant. Capability `store`.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod store {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Error = super::super::super::cordboard::module::types::Error;
			#[allow(unused_unsafe, clippy::all)]
			#[allow(async_fn_in_trait)]
			pub fn get(
				key: &str,
			) -> ::core::result::Result<::core::option::Option<_rt::String>, Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = key;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/store@0.1.0")]
					unsafe extern "C" {
						#[link_name = "get"]
						fn wit_import2(_: *mut u8, _: usize, _: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import2(_: *mut u8, _: usize, _: *mut u8) {
						unreachable!()
					}
					wit_import2(ptr0.cast_mut(), len0, ptr1);
					let l3 = i32::from(*ptr1.add(0).cast::<u8>());
					let result22 = match l3 {
						0 => {
							let e = {
								let l4 = i32::from(
									*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l4 {
									0 => None,
									1 => {
										let e = {
											let l5 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l6 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len7 = l6;
											let bytes7 = _rt::Vec::from_raw_parts(
												l5.cast(),
												len7,
												len7,
											);
											_rt::string_lift(bytes7)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								}
							};
							Ok(e)
						}
						1 => {
							let e = {
								let l8 = i32::from(
									*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V21;
								let v21 = match l8 {
									0 => V21::Gone,
									1 => V21::Timeout,
									2 => {
										let e21 = {
											let l9 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l10 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len11 = l10;
											let bytes11 = _rt::Vec::from_raw_parts(
												l9.cast(),
												len11,
												len11,
											);
											_rt::string_lift(bytes11)
										};
										V21::Denied(e21)
									}
									3 => {
										let e21 = {
											let l12 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l13 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len14 = l13;
											let bytes14 = _rt::Vec::from_raw_parts(
												l12.cast(),
												len14,
												len14,
											);
											_rt::string_lift(bytes14)
										};
										V21::NotFound(e21)
									}
									4 => {
										let e21 = {
											let l15 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l16 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len17 = l16;
											let bytes17 = _rt::Vec::from_raw_parts(
												l15.cast(),
												len17,
												len17,
											);
											_rt::string_lift(bytes17)
										};
										V21::Invalid(e21)
									}
									5 => V21::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e21 = {
											let l18 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l19 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len20 = l19;
											let bytes20 = _rt::Vec::from_raw_parts(
												l18.cast(),
												len20,
												len20,
											);
											_rt::string_lift(bytes20)
										};
										V21::Unavailable(e21)
									}
								};
								v21
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result22
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// Forgotten after `seconds`, where given.
			#[allow(async_fn_in_trait)]
			pub fn set(
				key: &str,
				value: &str,
				seconds: ::core::option::Option<u32>,
			) -> ::core::result::Result<(), Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = key;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let vec1 = value;
					let ptr1 = vec1.as_ptr().cast::<u8>();
					let len1 = vec1.len();
					let (result2_0, result2_1) = match seconds {
						Some(e) => (1i32, _rt::as_i32(e)),
						None => (0i32, 0i32),
					};
					let ptr3 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/store@0.1.0")]
					unsafe extern "C" {
						#[link_name = "set"]
						fn wit_import4(
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: *mut u8,
						);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import4(
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: i32,
						_: i32,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import4(
						ptr0.cast_mut(),
						len0,
						ptr1.cast_mut(),
						len1,
						result2_0,
						result2_1,
						ptr3,
					);
					let l5 = i32::from(*ptr3.add(0).cast::<u8>());
					let result20 = match l5 {
						0 => {
							let e = ();
							Ok(e)
						}
						1 => {
							let e = {
								let l6 = i32::from(
									*ptr3.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V19;
								let v19 = match l6 {
									0 => V19::Gone,
									1 => V19::Timeout,
									2 => {
										let e19 = {
											let l7 = *ptr3
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l8 = *ptr3
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len9 = l8;
											let bytes9 = _rt::Vec::from_raw_parts(
												l7.cast(),
												len9,
												len9,
											);
											_rt::string_lift(bytes9)
										};
										V19::Denied(e19)
									}
									3 => {
										let e19 = {
											let l10 = *ptr3
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l11 = *ptr3
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len12 = l11;
											let bytes12 = _rt::Vec::from_raw_parts(
												l10.cast(),
												len12,
												len12,
											);
											_rt::string_lift(bytes12)
										};
										V19::NotFound(e19)
									}
									4 => {
										let e19 = {
											let l13 = *ptr3
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l14 = *ptr3
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len15 = l14;
											let bytes15 = _rt::Vec::from_raw_parts(
												l13.cast(),
												len15,
												len15,
											);
											_rt::string_lift(bytes15)
										};
										V19::Invalid(e19)
									}
									5 => V19::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e19 = {
											let l16 = *ptr3
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l17 = *ptr3
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len18 = l17;
											let bytes18 = _rt::Vec::from_raw_parts(
												l16.cast(),
												len18,
												len18,
											);
											_rt::string_lift(bytes18)
										};
										V19::Unavailable(e19)
									}
								};
								v19
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result20
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// Adds to a number, which begins at 0, and gives the new value.
			#[allow(async_fn_in_trait)]
			pub fn increment(key: &str, by: i64) -> ::core::result::Result<i64, Error> {
				unsafe {
					#[repr(align(8))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 16 + 2 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 16
							+ 2 * ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = key;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/store@0.1.0")]
					unsafe extern "C" {
						#[link_name = "increment"]
						fn wit_import2(_: *mut u8, _: usize, _: i64, _: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import2(
						_: *mut u8,
						_: usize,
						_: i64,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import2(ptr0.cast_mut(), len0, _rt::as_i64(&by), ptr1);
					let l3 = i32::from(*ptr1.add(0).cast::<u8>());
					let result19 = match l3 {
						0 => {
							let e = {
								let l4 = *ptr1.add(8).cast::<i64>();
								l4
							};
							Ok(e)
						}
						1 => {
							let e = {
								let l5 = i32::from(*ptr1.add(8).cast::<u8>());
								use super::super::super::cordboard::module::types::Error as V18;
								let v18 = match l5 {
									0 => V18::Gone,
									1 => V18::Timeout,
									2 => {
										let e18 = {
											let l6 = *ptr1
												.add(8 + 1 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l7 = *ptr1
												.add(8 + 2 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len8 = l7;
											let bytes8 = _rt::Vec::from_raw_parts(
												l6.cast(),
												len8,
												len8,
											);
											_rt::string_lift(bytes8)
										};
										V18::Denied(e18)
									}
									3 => {
										let e18 = {
											let l9 = *ptr1
												.add(8 + 1 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l10 = *ptr1
												.add(8 + 2 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len11 = l10;
											let bytes11 = _rt::Vec::from_raw_parts(
												l9.cast(),
												len11,
												len11,
											);
											_rt::string_lift(bytes11)
										};
										V18::NotFound(e18)
									}
									4 => {
										let e18 = {
											let l12 = *ptr1
												.add(8 + 1 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l13 = *ptr1
												.add(8 + 2 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len14 = l13;
											let bytes14 = _rt::Vec::from_raw_parts(
												l12.cast(),
												len14,
												len14,
											);
											_rt::string_lift(bytes14)
										};
										V18::Invalid(e18)
									}
									5 => V18::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e18 = {
											let l15 = *ptr1
												.add(8 + 1 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l16 = *ptr1
												.add(8 + 2 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len17 = l16;
											let bytes17 = _rt::Vec::from_raw_parts(
												l15.cast(),
												len17,
												len17,
											);
											_rt::string_lift(bytes17)
										};
										V18::Unavailable(e18)
									}
								};
								v18
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result19
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			#[allow(async_fn_in_trait)]
			pub fn delete(key: &str) -> ::core::result::Result<(), Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = key;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/store@0.1.0")]
					unsafe extern "C" {
						#[link_name = "delete"]
						fn wit_import2(_: *mut u8, _: usize, _: *mut u8);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import2(_: *mut u8, _: usize, _: *mut u8) {
						unreachable!()
					}
					wit_import2(ptr0.cast_mut(), len0, ptr1);
					let l3 = i32::from(*ptr1.add(0).cast::<u8>());
					let result18 = match l3 {
						0 => {
							let e = ();
							Ok(e)
						}
						1 => {
							let e = {
								let l4 = i32::from(
									*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V17;
								let v17 = match l4 {
									0 => V17::Gone,
									1 => V17::Timeout,
									2 => {
										let e17 = {
											let l5 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l6 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len7 = l6;
											let bytes7 = _rt::Vec::from_raw_parts(
												l5.cast(),
												len7,
												len7,
											);
											_rt::string_lift(bytes7)
										};
										V17::Denied(e17)
									}
									3 => {
										let e17 = {
											let l8 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l9 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len10 = l9;
											let bytes10 = _rt::Vec::from_raw_parts(
												l8.cast(),
												len10,
												len10,
											);
											_rt::string_lift(bytes10)
										};
										V17::NotFound(e17)
									}
									4 => {
										let e17 = {
											let l11 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l12 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len13 = l12;
											let bytes13 = _rt::Vec::from_raw_parts(
												l11.cast(),
												len13,
												len13,
											);
											_rt::string_lift(bytes13)
										};
										V17::Invalid(e17)
									}
									5 => V17::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e17 = {
											let l14 = *ptr1
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l15 = *ptr1
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len16 = l15;
											let bytes16 = _rt::Vec::from_raw_parts(
												l14.cast(),
												len16,
												len16,
											);
											_rt::string_lift(bytes16)
										};
										V17::Unavailable(e17)
									}
								};
								v17
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result18
				}
			}
		}
		/// Requests to the hosts that are granted. Capability `http`: hosts, methods, rate and size.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod http {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Error = super::super::super::cordboard::module::types::Error;
			pub type Kv = super::super::super::cordboard::module::types::Kv;
			#[derive(Clone, PartialEq)]
			pub struct Request {
				pub method: _rt::String,
				pub url: _rt::String,
				/// `{{secret:name}}` in a value is filled in after the module's last look.
				pub headers: _rt::Vec<Kv>,
				pub body: ::core::option::Option<_rt::String>,
				pub timeout_ms: u32,
			}
			impl ::core::fmt::Debug for Request {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Request")
						.field("method", &self.method)
						.field("url", &self.url)
						.field("headers", &self.headers)
						.field("body", &self.body)
						.field("timeout-ms", &self.timeout_ms)
						.finish()
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Response {
				pub status: u16,
				pub headers: _rt::Vec<Kv>,
				pub body: _rt::String,
			}
			impl ::core::fmt::Debug for Response {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Response")
						.field("status", &self.status)
						.field("headers", &self.headers)
						.field("body", &self.body)
						.finish()
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			#[allow(async_fn_in_trait)]
			pub fn send(request: &Request) -> ::core::result::Result<Response, Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 6 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 6
							* ::core::mem::size_of::<*const u8>()],
					);
					let Request {
						method: method0,
						url: url0,
						headers: headers0,
						body: body0,
						timeout_ms: timeout_ms0,
					} = request;
					let vec1 = method0;
					let ptr1 = vec1.as_ptr().cast::<u8>();
					let len1 = vec1.len();
					let vec2 = url0;
					let ptr2 = vec2.as_ptr().cast::<u8>();
					let len2 = vec2.len();
					let vec6 = headers0;
					let len6 = vec6.len();
					let layout6 = _rt::alloc::Layout::from_size_align(
							vec6.len() * (4 * ::core::mem::size_of::<*const u8>()),
							::core::mem::size_of::<*const u8>(),
						)
						.unwrap();
					let (result6, _cleanup6) = crate::abi::Cleanup::new(layout6);
					for (i, e) in vec6.into_iter().enumerate() {
						let base = result6
							.add(i * (4 * ::core::mem::size_of::<*const u8>()));
						{
							let (t3_0, t3_1) = e;
							let vec4 = t3_0;
							let ptr4 = vec4.as_ptr().cast::<u8>();
							let len4 = vec4.len();
							*base
								.add(::core::mem::size_of::<*const u8>())
								.cast::<usize>() = len4;
							*base.add(0).cast::<*mut u8>() = ptr4.cast_mut();
							let vec5 = t3_1;
							let ptr5 = vec5.as_ptr().cast::<u8>();
							let len5 = vec5.len();
							*base
								.add(3 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>() = len5;
							*base
								.add(2 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>() = ptr5.cast_mut();
						}
					}
					let (result8_0, result8_1, result8_2) = match body0 {
						Some(e) => {
							let vec7 = e;
							let ptr7 = vec7.as_ptr().cast::<u8>();
							let len7 = vec7.len();
							(1i32, ptr7.cast_mut(), len7)
						}
						None => (0i32, ::core::ptr::null_mut(), 0usize),
					};
					let ptr9 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/http@0.1.0")]
					unsafe extern "C" {
						#[link_name = "send"]
						fn wit_import10(
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: *mut u8,
						);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import10(
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: i32,
						_: *mut u8,
						_: usize,
						_: i32,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import10(
						ptr1.cast_mut(),
						len1,
						ptr2.cast_mut(),
						len2,
						result6,
						len6,
						result8_0,
						result8_1,
						result8_2,
						_rt::as_i32(timeout_ms0),
						ptr9,
					);
					let l11 = i32::from(*ptr9.add(0).cast::<u8>());
					let result39 = match l11 {
						0 => {
							let e = {
								let l12 = i32::from(
									*ptr9.add(::core::mem::size_of::<*const u8>()).cast::<u16>(),
								);
								let l13 = *ptr9
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l14 = *ptr9
									.add(3 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base21 = l13;
								let len21 = l14;
								let mut result21 = _rt::Vec::with_capacity(len21);
								for i in 0..len21 {
									let base = base21
										.add(i * (4 * ::core::mem::size_of::<*const u8>()));
									let e21 = {
										let l15 = *base.add(0).cast::<*mut u8>();
										let l16 = *base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										let len17 = l16;
										let bytes17 = _rt::Vec::from_raw_parts(
											l15.cast(),
											len17,
											len17,
										);
										let l18 = *base
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l19 = *base
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										let len20 = l19;
										let bytes20 = _rt::Vec::from_raw_parts(
											l18.cast(),
											len20,
											len20,
										);
										(_rt::string_lift(bytes17), _rt::string_lift(bytes20))
									};
									result21.push(e21);
								}
								_rt::cabi_dealloc(
									base21,
									len21 * (4 * ::core::mem::size_of::<*const u8>()),
									::core::mem::size_of::<*const u8>(),
								);
								let l22 = *ptr9
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l23 = *ptr9
									.add(5 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let len24 = l23;
								let bytes24 = _rt::Vec::from_raw_parts(
									l22.cast(),
									len24,
									len24,
								);
								Response {
									status: l12 as u16,
									headers: result21,
									body: _rt::string_lift(bytes24),
								}
							};
							Ok(e)
						}
						1 => {
							let e = {
								let l25 = i32::from(
									*ptr9.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V38;
								let v38 = match l25 {
									0 => V38::Gone,
									1 => V38::Timeout,
									2 => {
										let e38 = {
											let l26 = *ptr9
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l27 = *ptr9
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len28 = l27;
											let bytes28 = _rt::Vec::from_raw_parts(
												l26.cast(),
												len28,
												len28,
											);
											_rt::string_lift(bytes28)
										};
										V38::Denied(e38)
									}
									3 => {
										let e38 = {
											let l29 = *ptr9
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l30 = *ptr9
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len31 = l30;
											let bytes31 = _rt::Vec::from_raw_parts(
												l29.cast(),
												len31,
												len31,
											);
											_rt::string_lift(bytes31)
										};
										V38::NotFound(e38)
									}
									4 => {
										let e38 = {
											let l32 = *ptr9
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l33 = *ptr9
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len34 = l33;
											let bytes34 = _rt::Vec::from_raw_parts(
												l32.cast(),
												len34,
												len34,
											);
											_rt::string_lift(bytes34)
										};
										V38::Invalid(e38)
									}
									5 => V38::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e38 = {
											let l35 = *ptr9
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l36 = *ptr9
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len37 = l36;
											let bytes37 = _rt::Vec::from_raw_parts(
												l35.cast(),
												len37,
												len37,
											);
											_rt::string_lift(bytes37)
										};
										V38::Unavailable(e38)
									}
								};
								v38
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result39
				}
			}
		}
		/// Facts. Capability `events`: a module publishes only topics of its own, `<module>.<past-tense>`.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod events {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Error = super::super::super::cordboard::module::types::Error;
			pub type Json = super::super::super::cordboard::module::types::Json;
			#[allow(unused_unsafe, clippy::all)]
			/// Tells everybody who listens, and the journal.
			#[allow(async_fn_in_trait)]
			pub fn publish(
				topic: &str,
				payload: &str,
			) -> ::core::result::Result<(), Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = topic;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let vec1 = payload;
					let ptr1 = vec1.as_ptr().cast::<u8>();
					let len1 = vec1.len();
					let ptr2 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/events@0.1.0")]
					unsafe extern "C" {
						#[link_name = "publish"]
						fn wit_import3(
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import3(
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import3(ptr0.cast_mut(), len0, ptr1.cast_mut(), len1, ptr2);
					let l4 = i32::from(*ptr2.add(0).cast::<u8>());
					let result19 = match l4 {
						0 => {
							let e = ();
							Ok(e)
						}
						1 => {
							let e = {
								let l5 = i32::from(
									*ptr2.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V18;
								let v18 = match l5 {
									0 => V18::Gone,
									1 => V18::Timeout,
									2 => {
										let e18 = {
											let l6 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l7 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len8 = l7;
											let bytes8 = _rt::Vec::from_raw_parts(
												l6.cast(),
												len8,
												len8,
											);
											_rt::string_lift(bytes8)
										};
										V18::Denied(e18)
									}
									3 => {
										let e18 = {
											let l9 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l10 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len11 = l10;
											let bytes11 = _rt::Vec::from_raw_parts(
												l9.cast(),
												len11,
												len11,
											);
											_rt::string_lift(bytes11)
										};
										V18::NotFound(e18)
									}
									4 => {
										let e18 = {
											let l12 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l13 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len14 = l13;
											let bytes14 = _rt::Vec::from_raw_parts(
												l12.cast(),
												len14,
												len14,
											);
											_rt::string_lift(bytes14)
										};
										V18::Invalid(e18)
									}
									5 => V18::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e18 = {
											let l15 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l16 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len17 = l16;
											let bytes17 = _rt::Vec::from_raw_parts(
												l15.cast(),
												len17,
												len17,
											);
											_rt::string_lift(bytes17)
										};
										V18::Unavailable(e18)
									}
								};
								v18
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result19
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// Keeps a value that everybody may read, in place of the last one; none forgets it.
			#[allow(async_fn_in_trait)]
			pub fn retain(
				topic: &str,
				key: &str,
				payload: ::core::option::Option<&str>,
			) -> ::core::result::Result<(), Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = topic;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let vec1 = key;
					let ptr1 = vec1.as_ptr().cast::<u8>();
					let len1 = vec1.len();
					let (result3_0, result3_1, result3_2) = match payload {
						Some(e) => {
							let vec2 = e;
							let ptr2 = vec2.as_ptr().cast::<u8>();
							let len2 = vec2.len();
							(1i32, ptr2.cast_mut(), len2)
						}
						None => (0i32, ::core::ptr::null_mut(), 0usize),
					};
					let ptr4 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/events@0.1.0")]
					unsafe extern "C" {
						#[link_name = "retain"]
						fn wit_import5(
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import5(
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: i32,
						_: *mut u8,
						_: usize,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import5(
						ptr0.cast_mut(),
						len0,
						ptr1.cast_mut(),
						len1,
						result3_0,
						result3_1,
						result3_2,
						ptr4,
					);
					let l6 = i32::from(*ptr4.add(0).cast::<u8>());
					let result21 = match l6 {
						0 => {
							let e = ();
							Ok(e)
						}
						1 => {
							let e = {
								let l7 = i32::from(
									*ptr4.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V20;
								let v20 = match l7 {
									0 => V20::Gone,
									1 => V20::Timeout,
									2 => {
										let e20 = {
											let l8 = *ptr4
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l9 = *ptr4
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len10 = l9;
											let bytes10 = _rt::Vec::from_raw_parts(
												l8.cast(),
												len10,
												len10,
											);
											_rt::string_lift(bytes10)
										};
										V20::Denied(e20)
									}
									3 => {
										let e20 = {
											let l11 = *ptr4
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l12 = *ptr4
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len13 = l12;
											let bytes13 = _rt::Vec::from_raw_parts(
												l11.cast(),
												len13,
												len13,
											);
											_rt::string_lift(bytes13)
										};
										V20::NotFound(e20)
									}
									4 => {
										let e20 = {
											let l14 = *ptr4
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l15 = *ptr4
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len16 = l15;
											let bytes16 = _rt::Vec::from_raw_parts(
												l14.cast(),
												len16,
												len16,
											);
											_rt::string_lift(bytes16)
										};
										V20::Invalid(e20)
									}
									5 => V20::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e20 = {
											let l17 = *ptr4
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l18 = *ptr4
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len19 = l18;
											let bytes19 = _rt::Vec::from_raw_parts(
												l17.cast(),
												len19,
												len19,
											);
											_rt::string_lift(bytes19)
										};
										V20::Unavailable(e20)
									}
								};
								v20
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result21
				}
			}
			#[allow(unused_unsafe, clippy::all)]
			/// A retained value of any module of the tenant.
			#[allow(async_fn_in_trait)]
			pub fn fact(
				topic: &str,
				key: &str,
			) -> ::core::result::Result<::core::option::Option<Json>, Error> {
				unsafe {
					#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
					#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
					struct RetArea(
						[::core::mem::MaybeUninit<
							u8,
						>; 4 * ::core::mem::size_of::<*const u8>()],
					);
					let mut ret_area = RetArea(
						[::core::mem::MaybeUninit::uninit(); 4
							* ::core::mem::size_of::<*const u8>()],
					);
					let vec0 = topic;
					let ptr0 = vec0.as_ptr().cast::<u8>();
					let len0 = vec0.len();
					let vec1 = key;
					let ptr1 = vec1.as_ptr().cast::<u8>();
					let len1 = vec1.len();
					let ptr2 = ret_area.0.as_mut_ptr().cast::<u8>();
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/events@0.1.0")]
					unsafe extern "C" {
						#[link_name = "fact"]
						fn wit_import3(
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn wit_import3(
						_: *mut u8,
						_: usize,
						_: *mut u8,
						_: usize,
						_: *mut u8,
					) {
						unreachable!()
					}
					wit_import3(ptr0.cast_mut(), len0, ptr1.cast_mut(), len1, ptr2);
					let l4 = i32::from(*ptr2.add(0).cast::<u8>());
					let result23 = match l4 {
						0 => {
							let e = {
								let l5 = i32::from(
									*ptr2.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l5 {
									0 => None,
									1 => {
										let e = {
											let l6 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l7 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len8 = l7;
											let bytes8 = _rt::Vec::from_raw_parts(
												l6.cast(),
												len8,
												len8,
											);
											_rt::string_lift(bytes8)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								}
							};
							Ok(e)
						}
						1 => {
							let e = {
								let l9 = i32::from(
									*ptr2.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								use super::super::super::cordboard::module::types::Error as V22;
								let v22 = match l9 {
									0 => V22::Gone,
									1 => V22::Timeout,
									2 => {
										let e22 = {
											let l10 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l11 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len12 = l11;
											let bytes12 = _rt::Vec::from_raw_parts(
												l10.cast(),
												len12,
												len12,
											);
											_rt::string_lift(bytes12)
										};
										V22::Denied(e22)
									}
									3 => {
										let e22 = {
											let l13 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l14 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len15 = l14;
											let bytes15 = _rt::Vec::from_raw_parts(
												l13.cast(),
												len15,
												len15,
											);
											_rt::string_lift(bytes15)
										};
										V22::NotFound(e22)
									}
									4 => {
										let e22 = {
											let l16 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l17 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len18 = l17;
											let bytes18 = _rt::Vec::from_raw_parts(
												l16.cast(),
												len18,
												len18,
											);
											_rt::string_lift(bytes18)
										};
										V22::Invalid(e22)
									}
									5 => V22::Busy,
									n => {
										debug_assert_eq!(n, 6, "invalid enum discriminant");
										let e22 = {
											let l19 = *ptr2
												.add(2 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l20 = *ptr2
												.add(3 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len21 = l20;
											let bytes21 = _rt::Vec::from_raw_parts(
												l19.cast(),
												len21,
												len21,
											);
											_rt::string_lift(bytes21)
										};
										V22::Unavailable(e22)
									}
								};
								v22
							};
							Err(e)
						}
						_ => _rt::invalid_enum_discriminant(),
					};
					result23
				}
			}
		}
		/// What can be wanted of a call. Used by call scripts through `call`, and by services in actions.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod operations {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Kv = super::super::super::cordboard::module::types::Kv;
			#[derive(Clone, PartialEq)]
			pub struct Play {
				/// Prompts by name, one after another.
				pub prompts: _rt::Vec<_rt::String>,
				/// Before the answer (183).
				pub early: bool,
				/// Again and again for so long.
				pub repeat_ms: ::core::option::Option<u32>,
			}
			impl ::core::fmt::Debug for Play {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Play")
						.field("prompts", &self.prompts)
						.field("early", &self.early)
						.field("repeat-ms", &self.repeat_ms)
						.finish()
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Collect {
				pub prompts: _rt::Vec<_rt::String>,
				/// Fewest and most digits.
				pub min: u8,
				pub max: u8,
				/// For the first digit, and between digits.
				pub timeout_ms: u32,
				pub between_ms: u32,
				/// The digit that ends the entry.
				pub ends_with: ::core::option::Option<_rt::String>,
				/// The digits go to no event, log, trace or recording.
				pub secret: bool,
				pub tries: u8,
				/// Played before another try.
				pub invalid: _rt::Vec<_rt::String>,
			}
			impl ::core::fmt::Debug for Collect {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Collect")
						.field("prompts", &self.prompts)
						.field("min", &self.min)
						.field("max", &self.max)
						.field("timeout-ms", &self.timeout_ms)
						.field("between-ms", &self.between_ms)
						.field("ends-with", &self.ends_with)
						.field("secret", &self.secret)
						.field("tries", &self.tries)
						.field("invalid", &self.invalid)
						.finish()
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Ring {
				pub users: _rt::Vec<_rt::String>,
				pub in_turn: bool,
				pub timeout_ms: u32,
				/// What the caller hears meanwhile; none is ringback.
				pub music: ::core::option::Option<_rt::String>,
			}
			impl ::core::fmt::Debug for Ring {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Ring")
						.field("users", &self.users)
						.field("in-turn", &self.in_turn)
						.field("timeout-ms", &self.timeout_ms)
						.field("music", &self.music)
						.finish()
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Trunk {
				/// In order of preference.
				pub trunks: _rt::Vec<_rt::String>,
				/// None is the number that was dialled.
				pub number: ::core::option::Option<_rt::String>,
				pub timeout_ms: u32,
				pub caller_id: ::core::option::Option<_rt::String>,
			}
			impl ::core::fmt::Debug for Trunk {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Trunk")
						.field("trunks", &self.trunks)
						.field("number", &self.number)
						.field("timeout-ms", &self.timeout_ms)
						.field("caller-id", &self.caller_id)
						.finish()
				}
			}
			#[repr(u8)]
			#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
			pub enum Collected {
				Digits,
				Timeout,
				Invalid,
			}
			impl ::core::fmt::Debug for Collected {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					match self {
						Collected::Digits => f.debug_tuple("Collected::Digits").finish(),
						Collected::Timeout => {
							f.debug_tuple("Collected::Timeout").finish()
						}
						Collected::Invalid => {
							f.debug_tuple("Collected::Invalid").finish()
						}
					}
				}
			}
			impl Collected {
				#[doc(hidden)]
				pub unsafe fn _lift(val: u8) -> Collected {
					if !cfg!(debug_assertions) {
						return unsafe { ::core::mem::transmute(val) };
					}
					match val {
						0 => Collected::Digits,
						1 => Collected::Timeout,
						2 => Collected::Invalid,
						_ => panic!("invalid enum discriminant"),
					}
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Entry {
				pub outcome: Collected,
				pub digits: _rt::String,
			}
			impl ::core::fmt::Debug for Entry {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Entry")
						.field("outcome", &self.outcome)
						.field("digits", &self.digits)
						.finish()
				}
			}
			#[derive(Clone, PartialEq)]
			pub struct Talk {
				/// `answered`, `busy`, `no-answer`, `absent` or `failed`.
				pub outcome: _rt::String,
				/// Who answered.
				pub by: ::core::option::Option<_rt::String>,
				/// Q.850 cause by word.
				pub cause: ::core::option::Option<_rt::String>,
			}
			impl ::core::fmt::Debug for Talk {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Talk")
						.field("outcome", &self.outcome)
						.field("by", &self.by)
						.field("cause", &self.cause)
						.finish()
				}
			}
			/// One wish.
			#[derive(Clone, PartialEq)]
			pub enum Operation {
				Answer,
				Play(Play),
				/// Name of a tone, milliseconds.
				Tone((_rt::String, u32)),
				Wait(u32),
				Collect(Collect),
				Ring(Ring),
				Trunk(Trunk),
				/// On or off.
				Record(bool),
				Set(Kv),
				Get(_rt::String),
				SendDigits(_rt::String),
				/// Q.850 cause by word; none is `normal`.
				HangUp(::core::option::Option<_rt::String>),
			}
			impl ::core::fmt::Debug for Operation {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					match self {
						Operation::Answer => f.debug_tuple("Operation::Answer").finish(),
						Operation::Play(e) => {
							f.debug_tuple("Operation::Play").field(e).finish()
						}
						Operation::Tone(e) => {
							f.debug_tuple("Operation::Tone").field(e).finish()
						}
						Operation::Wait(e) => {
							f.debug_tuple("Operation::Wait").field(e).finish()
						}
						Operation::Collect(e) => {
							f.debug_tuple("Operation::Collect").field(e).finish()
						}
						Operation::Ring(e) => {
							f.debug_tuple("Operation::Ring").field(e).finish()
						}
						Operation::Trunk(e) => {
							f.debug_tuple("Operation::Trunk").field(e).finish()
						}
						Operation::Record(e) => {
							f.debug_tuple("Operation::Record").field(e).finish()
						}
						Operation::Set(e) => {
							f.debug_tuple("Operation::Set").field(e).finish()
						}
						Operation::Get(e) => {
							f.debug_tuple("Operation::Get").field(e).finish()
						}
						Operation::SendDigits(e) => {
							f.debug_tuple("Operation::SendDigits").field(e).finish()
						}
						Operation::HangUp(e) => {
							f.debug_tuple("Operation::HangUp").field(e).finish()
						}
					}
				}
			}
			/// What came of it.
			#[derive(Clone, PartialEq)]
			pub enum Answer {
				Done,
				Entry(Entry),
				Talk(Talk),
				Text(::core::option::Option<_rt::String>),
			}
			impl ::core::fmt::Debug for Answer {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					match self {
						Answer::Done => f.debug_tuple("Answer::Done").finish(),
						Answer::Entry(e) => {
							f.debug_tuple("Answer::Entry").field(e).finish()
						}
						Answer::Talk(e) => {
							f.debug_tuple("Answer::Talk").field(e).finish()
						}
						Answer::Text(e) => {
							f.debug_tuple("Answer::Text").field(e).finish()
						}
					}
				}
			}
		}
		/// A call, as a call script has it. Capability `calls`.
		#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
		pub mod calls {
			#[used]
			#[doc(hidden)]
			static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
			use super::super::super::_rt;
			pub type Error = super::super::super::cordboard::module::types::Error;
			pub type Caller = super::super::super::cordboard::module::types::Caller;
			pub type Play = super::super::super::cordboard::module::operations::Play;
			pub type Collect = super::super::super::cordboard::module::operations::Collect;
			pub type Ring = super::super::super::cordboard::module::operations::Ring;
			pub type Trunk = super::super::super::cordboard::module::operations::Trunk;
			pub type Entry = super::super::super::cordboard::module::operations::Entry;
			pub type Talk = super::super::super::cordboard::module::operations::Talk;
			#[derive(Clone, PartialEq)]
			pub struct Info {
				pub id: _rt::String,
				pub tenant: _rt::String,
				pub caller: Caller,
				pub dialled: _rt::String,
				/// The first leg is answered already.
				pub answered: bool,
				pub at_ms: u64,
				/// Outcomes that the step's `on` branches name: the keys of a menu, for example.
				pub outcomes: _rt::Vec<_rt::String>,
			}
			impl ::core::fmt::Debug for Info {
				fn fmt(
					&self,
					f: &mut ::core::fmt::Formatter<'_>,
				) -> ::core::fmt::Result {
					f.debug_struct("Info")
						.field("id", &self.id)
						.field("tenant", &self.tenant)
						.field("caller", &self.caller)
						.field("dialled", &self.dialled)
						.field("answered", &self.answered)
						.field("at-ms", &self.at_ms)
						.field("outcomes", &self.outcomes)
						.finish()
				}
			}
			/// Dies with the call: afterwards each function says `gone`.
			#[derive(Debug)]
			#[repr(transparent)]
			pub struct Call {
				handle: _rt::Resource<Call>,
			}
			impl Call {
				#[doc(hidden)]
				pub unsafe fn from_handle(handle: u32) -> Self {
					Self {
						handle: unsafe { _rt::Resource::from_handle(handle) },
					}
				}
				#[doc(hidden)]
				pub fn take_handle(&self) -> u32 {
					_rt::Resource::take_handle(&self.handle)
				}
				#[doc(hidden)]
				pub fn handle(&self) -> u32 {
					_rt::Resource::handle(&self.handle)
				}
			}
			unsafe impl _rt::WasmResource for Call {
				#[inline]
				unsafe fn drop(_handle: u32) {
					#[cfg(target_arch = "wasm32")]
					#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
					unsafe extern "C" {
						#[link_name = "[resource-drop]call"]
						fn drop(_: i32);
					}
					#[cfg(not(target_arch = "wasm32"))]
					unsafe extern "C" fn drop(_: i32) {
						unreachable!()
					}
					unsafe {
						drop(_handle as i32);
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn info(&self) -> Info {
					unsafe {
						#[repr(align(8))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 8 + 20 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 8
								+ 20 * ::core::mem::size_of::<*const u8>()],
						);
						let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.info"]
							fn wit_import1(_: i32, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import1(_: i32, _: *mut u8) {
							unreachable!()
						}
						wit_import1((self).handle() as i32, ptr0);
						let l2 = *ptr0.add(0).cast::<*mut u8>();
						let l3 = *ptr0
							.add(::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let len4 = l3;
						let bytes4 = _rt::Vec::from_raw_parts(l2.cast(), len4, len4);
						let l5 = *ptr0
							.add(2 * ::core::mem::size_of::<*const u8>())
							.cast::<*mut u8>();
						let l6 = *ptr0
							.add(3 * ::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let len7 = l6;
						let bytes7 = _rt::Vec::from_raw_parts(l5.cast(), len7, len7);
						let l8 = *ptr0
							.add(4 * ::core::mem::size_of::<*const u8>())
							.cast::<*mut u8>();
						let l9 = *ptr0
							.add(5 * ::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let len10 = l9;
						let bytes10 = _rt::Vec::from_raw_parts(l8.cast(), len10, len10);
						let l11 = i32::from(
							*ptr0
								.add(6 * ::core::mem::size_of::<*const u8>())
								.cast::<u8>(),
						);
						let l15 = i32::from(
							*ptr0
								.add(9 * ::core::mem::size_of::<*const u8>())
								.cast::<u8>(),
						);
						let l19 = i32::from(
							*ptr0
								.add(12 * ::core::mem::size_of::<*const u8>())
								.cast::<u8>(),
						);
						let l23 = *ptr0
							.add(15 * ::core::mem::size_of::<*const u8>())
							.cast::<*mut u8>();
						let l24 = *ptr0
							.add(16 * ::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let len25 = l24;
						let bytes25 = _rt::Vec::from_raw_parts(l23.cast(), len25, len25);
						let l26 = i32::from(
							*ptr0
								.add(17 * ::core::mem::size_of::<*const u8>())
								.cast::<u8>(),
						);
						let l27 = *ptr0
							.add(18 * ::core::mem::size_of::<*const u8>())
							.cast::<i64>();
						let l28 = *ptr0
							.add(8 + 18 * ::core::mem::size_of::<*const u8>())
							.cast::<*mut u8>();
						let l29 = *ptr0
							.add(8 + 19 * ::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let base33 = l28;
						let len33 = l29;
						let mut result33 = _rt::Vec::with_capacity(len33);
						for i in 0..len33 {
							let base = base33
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							let e33 = {
								let l30 = *base.add(0).cast::<*mut u8>();
								let l31 = *base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let len32 = l31;
								let bytes32 = _rt::Vec::from_raw_parts(
									l30.cast(),
									len32,
									len32,
								);
								_rt::string_lift(bytes32)
							};
							result33.push(e33);
						}
						_rt::cabi_dealloc(
							base33,
							len33 * (2 * ::core::mem::size_of::<*const u8>()),
							::core::mem::size_of::<*const u8>(),
						);
						let result34 = Info {
							id: _rt::string_lift(bytes4),
							tenant: _rt::string_lift(bytes7),
							caller: super::super::super::cordboard::module::types::Caller {
								number: _rt::string_lift(bytes10),
								name: match l11 {
									0 => None,
									1 => {
										let e = {
											let l12 = *ptr0
												.add(7 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l13 = *ptr0
												.add(8 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len14 = l13;
											let bytes14 = _rt::Vec::from_raw_parts(
												l12.cast(),
												len14,
												len14,
											);
											_rt::string_lift(bytes14)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								},
								user: match l15 {
									0 => None,
									1 => {
										let e = {
											let l16 = *ptr0
												.add(10 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l17 = *ptr0
												.add(11 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len18 = l17;
											let bytes18 = _rt::Vec::from_raw_parts(
												l16.cast(),
												len18,
												len18,
											);
											_rt::string_lift(bytes18)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								},
								trunk: match l19 {
									0 => None,
									1 => {
										let e = {
											let l20 = *ptr0
												.add(13 * ::core::mem::size_of::<*const u8>())
												.cast::<*mut u8>();
											let l21 = *ptr0
												.add(14 * ::core::mem::size_of::<*const u8>())
												.cast::<usize>();
											let len22 = l21;
											let bytes22 = _rt::Vec::from_raw_parts(
												l20.cast(),
												len22,
												len22,
											);
											_rt::string_lift(bytes22)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								},
							},
							dialled: _rt::string_lift(bytes25),
							answered: _rt::bool_lift(l26 as u8),
							at_ms: l27 as u64,
							outcomes: result33,
						};
						result34
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn answer(&self) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.answer"]
							fn wit_import1(_: i32, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import1(_: i32, _: *mut u8) {
							unreachable!()
						}
						wit_import1((self).handle() as i32, ptr0);
						let l2 = i32::from(*ptr0.add(0).cast::<u8>());
						let result17 = match l2 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l3 = i32::from(
										*ptr0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V16;
									let v16 = match l3 {
										0 => V16::Gone,
										1 => V16::Timeout,
										2 => {
											let e16 = {
												let l4 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l5 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len6 = l5;
												let bytes6 = _rt::Vec::from_raw_parts(
													l4.cast(),
													len6,
													len6,
												);
												_rt::string_lift(bytes6)
											};
											V16::Denied(e16)
										}
										3 => {
											let e16 = {
												let l7 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l8 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len9 = l8;
												let bytes9 = _rt::Vec::from_raw_parts(
													l7.cast(),
													len9,
													len9,
												);
												_rt::string_lift(bytes9)
											};
											V16::NotFound(e16)
										}
										4 => {
											let e16 = {
												let l10 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l11 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len12 = l11;
												let bytes12 = _rt::Vec::from_raw_parts(
													l10.cast(),
													len12,
													len12,
												);
												_rt::string_lift(bytes12)
											};
											V16::Invalid(e16)
										}
										5 => V16::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e16 = {
												let l13 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l14 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len15 = l14;
												let bytes15 = _rt::Vec::from_raw_parts(
													l13.cast(),
													len15,
													len15,
												);
												_rt::string_lift(bytes15)
											};
											V16::Unavailable(e16)
										}
									};
									v16
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result17
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn play(&self, play: &Play) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let super::super::super::cordboard::module::operations::Play {
							prompts: prompts0,
							early: early0,
							repeat_ms: repeat_ms0,
						} = play;
						let vec2 = prompts0;
						let len2 = vec2.len();
						let layout2 = _rt::alloc::Layout::from_size_align(
								vec2.len() * (2 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							)
							.unwrap();
						let (result2, _cleanup2) = crate::abi::Cleanup::new(layout2);
						for (i, e) in vec2.into_iter().enumerate() {
							let base = result2
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							{
								let vec1 = e;
								let ptr1 = vec1.as_ptr().cast::<u8>();
								let len1 = vec1.len();
								*base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len1;
								*base.add(0).cast::<*mut u8>() = ptr1.cast_mut();
							}
						}
						let (result3_0, result3_1) = match repeat_ms0 {
							Some(e) => (1i32, _rt::as_i32(e)),
							None => (0i32, 0i32),
						};
						let ptr4 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.play"]
							fn wit_import5(
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: i32,
								_: i32,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import5(
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: i32,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import5(
							(self).handle() as i32,
							result2,
							len2,
							match early0 {
								true => 1,
								false => 0,
							},
							result3_0,
							result3_1,
							ptr4,
						);
						let l6 = i32::from(*ptr4.add(0).cast::<u8>());
						let result21 = match l6 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l7 = i32::from(
										*ptr4.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V20;
									let v20 = match l7 {
										0 => V20::Gone,
										1 => V20::Timeout,
										2 => {
											let e20 = {
												let l8 = *ptr4
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l9 = *ptr4
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len10 = l9;
												let bytes10 = _rt::Vec::from_raw_parts(
													l8.cast(),
													len10,
													len10,
												);
												_rt::string_lift(bytes10)
											};
											V20::Denied(e20)
										}
										3 => {
											let e20 = {
												let l11 = *ptr4
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l12 = *ptr4
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len13 = l12;
												let bytes13 = _rt::Vec::from_raw_parts(
													l11.cast(),
													len13,
													len13,
												);
												_rt::string_lift(bytes13)
											};
											V20::NotFound(e20)
										}
										4 => {
											let e20 = {
												let l14 = *ptr4
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l15 = *ptr4
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len16 = l15;
												let bytes16 = _rt::Vec::from_raw_parts(
													l14.cast(),
													len16,
													len16,
												);
												_rt::string_lift(bytes16)
											};
											V20::Invalid(e20)
										}
										5 => V20::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e20 = {
												let l17 = *ptr4
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l18 = *ptr4
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len19 = l18;
												let bytes19 = _rt::Vec::from_raw_parts(
													l17.cast(),
													len19,
													len19,
												);
												_rt::string_lift(bytes19)
											};
											V20::Unavailable(e20)
										}
									};
									v20
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result21
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn tone(
					&self,
					name: &str,
					ms: u32,
				) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let vec0 = name;
						let ptr0 = vec0.as_ptr().cast::<u8>();
						let len0 = vec0.len();
						let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.tone"]
							fn wit_import2(
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import2(
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import2(
							(self).handle() as i32,
							ptr0.cast_mut(),
							len0,
							_rt::as_i32(&ms),
							ptr1,
						);
						let l3 = i32::from(*ptr1.add(0).cast::<u8>());
						let result18 = match l3 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l4 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V17;
									let v17 = match l4 {
										0 => V17::Gone,
										1 => V17::Timeout,
										2 => {
											let e17 = {
												let l5 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l6 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len7 = l6;
												let bytes7 = _rt::Vec::from_raw_parts(
													l5.cast(),
													len7,
													len7,
												);
												_rt::string_lift(bytes7)
											};
											V17::Denied(e17)
										}
										3 => {
											let e17 = {
												let l8 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l9 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len10 = l9;
												let bytes10 = _rt::Vec::from_raw_parts(
													l8.cast(),
													len10,
													len10,
												);
												_rt::string_lift(bytes10)
											};
											V17::NotFound(e17)
										}
										4 => {
											let e17 = {
												let l11 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l12 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len13 = l12;
												let bytes13 = _rt::Vec::from_raw_parts(
													l11.cast(),
													len13,
													len13,
												);
												_rt::string_lift(bytes13)
											};
											V17::Invalid(e17)
										}
										5 => V17::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e17 = {
												let l14 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l15 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len16 = l15;
												let bytes16 = _rt::Vec::from_raw_parts(
													l14.cast(),
													len16,
													len16,
												);
												_rt::string_lift(bytes16)
											};
											V17::Unavailable(e17)
										}
									};
									v17
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result18
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn wait(&self, ms: u32) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.wait"]
							fn wit_import1(_: i32, _: i32, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import1(_: i32, _: i32, _: *mut u8) {
							unreachable!()
						}
						wit_import1((self).handle() as i32, _rt::as_i32(&ms), ptr0);
						let l2 = i32::from(*ptr0.add(0).cast::<u8>());
						let result17 = match l2 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l3 = i32::from(
										*ptr0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V16;
									let v16 = match l3 {
										0 => V16::Gone,
										1 => V16::Timeout,
										2 => {
											let e16 = {
												let l4 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l5 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len6 = l5;
												let bytes6 = _rt::Vec::from_raw_parts(
													l4.cast(),
													len6,
													len6,
												);
												_rt::string_lift(bytes6)
											};
											V16::Denied(e16)
										}
										3 => {
											let e16 = {
												let l7 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l8 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len9 = l8;
												let bytes9 = _rt::Vec::from_raw_parts(
													l7.cast(),
													len9,
													len9,
												);
												_rt::string_lift(bytes9)
											};
											V16::NotFound(e16)
										}
										4 => {
											let e16 = {
												let l10 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l11 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len12 = l11;
												let bytes12 = _rt::Vec::from_raw_parts(
													l10.cast(),
													len12,
													len12,
												);
												_rt::string_lift(bytes12)
											};
											V16::Invalid(e16)
										}
										5 => V16::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e16 = {
												let l13 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l14 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len15 = l14;
												let bytes15 = _rt::Vec::from_raw_parts(
													l13.cast(),
													len15,
													len15,
												);
												_rt::string_lift(bytes15)
											};
											V16::Unavailable(e16)
										}
									};
									v16
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result17
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn collect(
					&self,
					collect: &Collect,
				) -> ::core::result::Result<Entry, Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let super::super::super::cordboard::module::operations::Collect {
							prompts: prompts0,
							min: min0,
							max: max0,
							timeout_ms: timeout_ms0,
							between_ms: between_ms0,
							ends_with: ends_with0,
							secret: secret0,
							tries: tries0,
							invalid: invalid0,
						} = collect;
						let vec2 = prompts0;
						let len2 = vec2.len();
						let layout2 = _rt::alloc::Layout::from_size_align(
								vec2.len() * (2 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							)
							.unwrap();
						let (result2, _cleanup2) = crate::abi::Cleanup::new(layout2);
						for (i, e) in vec2.into_iter().enumerate() {
							let base = result2
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							{
								let vec1 = e;
								let ptr1 = vec1.as_ptr().cast::<u8>();
								let len1 = vec1.len();
								*base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len1;
								*base.add(0).cast::<*mut u8>() = ptr1.cast_mut();
							}
						}
						let (result4_0, result4_1, result4_2) = match ends_with0 {
							Some(e) => {
								let vec3 = e;
								let ptr3 = vec3.as_ptr().cast::<u8>();
								let len3 = vec3.len();
								(1i32, ptr3.cast_mut(), len3)
							}
							None => (0i32, ::core::ptr::null_mut(), 0usize),
						};
						let vec6 = invalid0;
						let len6 = vec6.len();
						let layout6 = _rt::alloc::Layout::from_size_align(
								vec6.len() * (2 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							)
							.unwrap();
						let (result6, _cleanup6) = crate::abi::Cleanup::new(layout6);
						for (i, e) in vec6.into_iter().enumerate() {
							let base = result6
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							{
								let vec5 = e;
								let ptr5 = vec5.as_ptr().cast::<u8>();
								let len5 = vec5.len();
								*base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len5;
								*base.add(0).cast::<*mut u8>() = ptr5.cast_mut();
							}
						}
						let ptr7 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.collect"]
							fn wit_import8(
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: i32,
								_: i32,
								_: i32,
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: i32,
								_: *mut u8,
								_: usize,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import8(
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: i32,
							_: i32,
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import8(
							(self).handle() as i32,
							result2,
							len2,
							_rt::as_i32(min0),
							_rt::as_i32(max0),
							_rt::as_i32(timeout_ms0),
							_rt::as_i32(between_ms0),
							result4_0,
							result4_1,
							result4_2,
							match secret0 {
								true => 1,
								false => 0,
							},
							_rt::as_i32(tries0),
							result6,
							len6,
							ptr7,
						);
						let l9 = i32::from(*ptr7.add(0).cast::<u8>());
						let result28 = match l9 {
							0 => {
								let e = {
									let l10 = i32::from(
										*ptr7.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									let l11 = *ptr7
										.add(2 * ::core::mem::size_of::<*const u8>())
										.cast::<*mut u8>();
									let l12 = *ptr7
										.add(3 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len13 = l12;
									let bytes13 = _rt::Vec::from_raw_parts(
										l11.cast(),
										len13,
										len13,
									);
									super::super::super::cordboard::module::operations::Entry {
										outcome: super::super::super::cordboard::module::operations::Collected::_lift(
											l10 as u8,
										),
										digits: _rt::string_lift(bytes13),
									}
								};
								Ok(e)
							}
							1 => {
								let e = {
									let l14 = i32::from(
										*ptr7.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V27;
									let v27 = match l14 {
										0 => V27::Gone,
										1 => V27::Timeout,
										2 => {
											let e27 = {
												let l15 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l16 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len17 = l16;
												let bytes17 = _rt::Vec::from_raw_parts(
													l15.cast(),
													len17,
													len17,
												);
												_rt::string_lift(bytes17)
											};
											V27::Denied(e27)
										}
										3 => {
											let e27 = {
												let l18 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l19 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len20 = l19;
												let bytes20 = _rt::Vec::from_raw_parts(
													l18.cast(),
													len20,
													len20,
												);
												_rt::string_lift(bytes20)
											};
											V27::NotFound(e27)
										}
										4 => {
											let e27 = {
												let l21 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l22 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len23 = l22;
												let bytes23 = _rt::Vec::from_raw_parts(
													l21.cast(),
													len23,
													len23,
												);
												_rt::string_lift(bytes23)
											};
											V27::Invalid(e27)
										}
										5 => V27::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e27 = {
												let l24 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l25 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len26 = l25;
												let bytes26 = _rt::Vec::from_raw_parts(
													l24.cast(),
													len26,
													len26,
												);
												_rt::string_lift(bytes26)
											};
											V27::Unavailable(e27)
										}
									};
									v27
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result28
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn ring(&self, ring: &Ring) -> ::core::result::Result<Talk, Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 9 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 9
								* ::core::mem::size_of::<*const u8>()],
						);
						let super::super::super::cordboard::module::operations::Ring {
							users: users0,
							in_turn: in_turn0,
							timeout_ms: timeout_ms0,
							music: music0,
						} = ring;
						let vec2 = users0;
						let len2 = vec2.len();
						let layout2 = _rt::alloc::Layout::from_size_align(
								vec2.len() * (2 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							)
							.unwrap();
						let (result2, _cleanup2) = crate::abi::Cleanup::new(layout2);
						for (i, e) in vec2.into_iter().enumerate() {
							let base = result2
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							{
								let vec1 = e;
								let ptr1 = vec1.as_ptr().cast::<u8>();
								let len1 = vec1.len();
								*base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len1;
								*base.add(0).cast::<*mut u8>() = ptr1.cast_mut();
							}
						}
						let (result4_0, result4_1, result4_2) = match music0 {
							Some(e) => {
								let vec3 = e;
								let ptr3 = vec3.as_ptr().cast::<u8>();
								let len3 = vec3.len();
								(1i32, ptr3.cast_mut(), len3)
							}
							None => (0i32, ::core::ptr::null_mut(), 0usize),
						};
						let ptr5 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.ring"]
							fn wit_import6(
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: i32,
								_: i32,
								_: *mut u8,
								_: usize,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import6(
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import6(
							(self).handle() as i32,
							result2,
							len2,
							match in_turn0 {
								true => 1,
								false => 0,
							},
							_rt::as_i32(timeout_ms0),
							result4_0,
							result4_1,
							result4_2,
							ptr5,
						);
						let l7 = i32::from(*ptr5.add(0).cast::<u8>());
						let result33 = match l7 {
							0 => {
								let e = {
									let l8 = *ptr5
										.add(::core::mem::size_of::<*const u8>())
										.cast::<*mut u8>();
									let l9 = *ptr5
										.add(2 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len10 = l9;
									let bytes10 = _rt::Vec::from_raw_parts(
										l8.cast(),
										len10,
										len10,
									);
									let l11 = i32::from(
										*ptr5
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									let l15 = i32::from(
										*ptr5
											.add(6 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									super::super::super::cordboard::module::operations::Talk {
										outcome: _rt::string_lift(bytes10),
										by: match l11 {
											0 => None,
											1 => {
												let e = {
													let l12 = *ptr5
														.add(4 * ::core::mem::size_of::<*const u8>())
														.cast::<*mut u8>();
													let l13 = *ptr5
														.add(5 * ::core::mem::size_of::<*const u8>())
														.cast::<usize>();
													let len14 = l13;
													let bytes14 = _rt::Vec::from_raw_parts(
														l12.cast(),
														len14,
														len14,
													);
													_rt::string_lift(bytes14)
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
										cause: match l15 {
											0 => None,
											1 => {
												let e = {
													let l16 = *ptr5
														.add(7 * ::core::mem::size_of::<*const u8>())
														.cast::<*mut u8>();
													let l17 = *ptr5
														.add(8 * ::core::mem::size_of::<*const u8>())
														.cast::<usize>();
													let len18 = l17;
													let bytes18 = _rt::Vec::from_raw_parts(
														l16.cast(),
														len18,
														len18,
													);
													_rt::string_lift(bytes18)
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
									}
								};
								Ok(e)
							}
							1 => {
								let e = {
									let l19 = i32::from(
										*ptr5.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V32;
									let v32 = match l19 {
										0 => V32::Gone,
										1 => V32::Timeout,
										2 => {
											let e32 = {
												let l20 = *ptr5
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l21 = *ptr5
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len22 = l21;
												let bytes22 = _rt::Vec::from_raw_parts(
													l20.cast(),
													len22,
													len22,
												);
												_rt::string_lift(bytes22)
											};
											V32::Denied(e32)
										}
										3 => {
											let e32 = {
												let l23 = *ptr5
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l24 = *ptr5
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len25 = l24;
												let bytes25 = _rt::Vec::from_raw_parts(
													l23.cast(),
													len25,
													len25,
												);
												_rt::string_lift(bytes25)
											};
											V32::NotFound(e32)
										}
										4 => {
											let e32 = {
												let l26 = *ptr5
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l27 = *ptr5
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len28 = l27;
												let bytes28 = _rt::Vec::from_raw_parts(
													l26.cast(),
													len28,
													len28,
												);
												_rt::string_lift(bytes28)
											};
											V32::Invalid(e32)
										}
										5 => V32::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e32 = {
												let l29 = *ptr5
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l30 = *ptr5
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len31 = l30;
												let bytes31 = _rt::Vec::from_raw_parts(
													l29.cast(),
													len31,
													len31,
												);
												_rt::string_lift(bytes31)
											};
											V32::Unavailable(e32)
										}
									};
									v32
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result33
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn trunk(
					&self,
					trunk: &Trunk,
				) -> ::core::result::Result<Talk, Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 9 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 9
								* ::core::mem::size_of::<*const u8>()],
						);
						let super::super::super::cordboard::module::operations::Trunk {
							trunks: trunks0,
							number: number0,
							timeout_ms: timeout_ms0,
							caller_id: caller_id0,
						} = trunk;
						let vec2 = trunks0;
						let len2 = vec2.len();
						let layout2 = _rt::alloc::Layout::from_size_align(
								vec2.len() * (2 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							)
							.unwrap();
						let (result2, _cleanup2) = crate::abi::Cleanup::new(layout2);
						for (i, e) in vec2.into_iter().enumerate() {
							let base = result2
								.add(i * (2 * ::core::mem::size_of::<*const u8>()));
							{
								let vec1 = e;
								let ptr1 = vec1.as_ptr().cast::<u8>();
								let len1 = vec1.len();
								*base
									.add(::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len1;
								*base.add(0).cast::<*mut u8>() = ptr1.cast_mut();
							}
						}
						let (result4_0, result4_1, result4_2) = match number0 {
							Some(e) => {
								let vec3 = e;
								let ptr3 = vec3.as_ptr().cast::<u8>();
								let len3 = vec3.len();
								(1i32, ptr3.cast_mut(), len3)
							}
							None => (0i32, ::core::ptr::null_mut(), 0usize),
						};
						let (result6_0, result6_1, result6_2) = match caller_id0 {
							Some(e) => {
								let vec5 = e;
								let ptr5 = vec5.as_ptr().cast::<u8>();
								let len5 = vec5.len();
								(1i32, ptr5.cast_mut(), len5)
							}
							None => (0i32, ::core::ptr::null_mut(), 0usize),
						};
						let ptr7 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.trunk"]
							fn wit_import8(
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: *mut u8,
								_: usize,
								_: i32,
								_: i32,
								_: *mut u8,
								_: usize,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import8(
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: *mut u8,
							_: usize,
							_: i32,
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import8(
							(self).handle() as i32,
							result2,
							len2,
							result4_0,
							result4_1,
							result4_2,
							_rt::as_i32(timeout_ms0),
							result6_0,
							result6_1,
							result6_2,
							ptr7,
						);
						let l9 = i32::from(*ptr7.add(0).cast::<u8>());
						let result35 = match l9 {
							0 => {
								let e = {
									let l10 = *ptr7
										.add(::core::mem::size_of::<*const u8>())
										.cast::<*mut u8>();
									let l11 = *ptr7
										.add(2 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len12 = l11;
									let bytes12 = _rt::Vec::from_raw_parts(
										l10.cast(),
										len12,
										len12,
									);
									let l13 = i32::from(
										*ptr7
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									let l17 = i32::from(
										*ptr7
											.add(6 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									super::super::super::cordboard::module::operations::Talk {
										outcome: _rt::string_lift(bytes12),
										by: match l13 {
											0 => None,
											1 => {
												let e = {
													let l14 = *ptr7
														.add(4 * ::core::mem::size_of::<*const u8>())
														.cast::<*mut u8>();
													let l15 = *ptr7
														.add(5 * ::core::mem::size_of::<*const u8>())
														.cast::<usize>();
													let len16 = l15;
													let bytes16 = _rt::Vec::from_raw_parts(
														l14.cast(),
														len16,
														len16,
													);
													_rt::string_lift(bytes16)
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
										cause: match l17 {
											0 => None,
											1 => {
												let e = {
													let l18 = *ptr7
														.add(7 * ::core::mem::size_of::<*const u8>())
														.cast::<*mut u8>();
													let l19 = *ptr7
														.add(8 * ::core::mem::size_of::<*const u8>())
														.cast::<usize>();
													let len20 = l19;
													let bytes20 = _rt::Vec::from_raw_parts(
														l18.cast(),
														len20,
														len20,
													);
													_rt::string_lift(bytes20)
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
									}
								};
								Ok(e)
							}
							1 => {
								let e = {
									let l21 = i32::from(
										*ptr7.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V34;
									let v34 = match l21 {
										0 => V34::Gone,
										1 => V34::Timeout,
										2 => {
											let e34 = {
												let l22 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l23 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len24 = l23;
												let bytes24 = _rt::Vec::from_raw_parts(
													l22.cast(),
													len24,
													len24,
												);
												_rt::string_lift(bytes24)
											};
											V34::Denied(e34)
										}
										3 => {
											let e34 = {
												let l25 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l26 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len27 = l26;
												let bytes27 = _rt::Vec::from_raw_parts(
													l25.cast(),
													len27,
													len27,
												);
												_rt::string_lift(bytes27)
											};
											V34::NotFound(e34)
										}
										4 => {
											let e34 = {
												let l28 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l29 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len30 = l29;
												let bytes30 = _rt::Vec::from_raw_parts(
													l28.cast(),
													len30,
													len30,
												);
												_rt::string_lift(bytes30)
											};
											V34::Invalid(e34)
										}
										5 => V34::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e34 = {
												let l31 = *ptr7
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l32 = *ptr7
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len33 = l32;
												let bytes33 = _rt::Vec::from_raw_parts(
													l31.cast(),
													len33,
													len33,
												);
												_rt::string_lift(bytes33)
											};
											V34::Unavailable(e34)
										}
									};
									v34
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result35
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn record(&self, on: bool) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let ptr0 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.record"]
							fn wit_import1(_: i32, _: i32, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import1(_: i32, _: i32, _: *mut u8) {
							unreachable!()
						}
						wit_import1(
							(self).handle() as i32,
							match &on {
								true => 1,
								false => 0,
							},
							ptr0,
						);
						let l2 = i32::from(*ptr0.add(0).cast::<u8>());
						let result17 = match l2 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l3 = i32::from(
										*ptr0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V16;
									let v16 = match l3 {
										0 => V16::Gone,
										1 => V16::Timeout,
										2 => {
											let e16 = {
												let l4 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l5 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len6 = l5;
												let bytes6 = _rt::Vec::from_raw_parts(
													l4.cast(),
													len6,
													len6,
												);
												_rt::string_lift(bytes6)
											};
											V16::Denied(e16)
										}
										3 => {
											let e16 = {
												let l7 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l8 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len9 = l8;
												let bytes9 = _rt::Vec::from_raw_parts(
													l7.cast(),
													len9,
													len9,
												);
												_rt::string_lift(bytes9)
											};
											V16::NotFound(e16)
										}
										4 => {
											let e16 = {
												let l10 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l11 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len12 = l11;
												let bytes12 = _rt::Vec::from_raw_parts(
													l10.cast(),
													len12,
													len12,
												);
												_rt::string_lift(bytes12)
											};
											V16::Invalid(e16)
										}
										5 => V16::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e16 = {
												let l13 = *ptr0
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l14 = *ptr0
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len15 = l14;
												let bytes15 = _rt::Vec::from_raw_parts(
													l13.cast(),
													len15,
													len15,
												);
												_rt::string_lift(bytes15)
											};
											V16::Unavailable(e16)
										}
									};
									v16
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result17
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn set(
					&self,
					name: &str,
					value: &str,
				) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let vec0 = name;
						let ptr0 = vec0.as_ptr().cast::<u8>();
						let len0 = vec0.len();
						let vec1 = value;
						let ptr1 = vec1.as_ptr().cast::<u8>();
						let len1 = vec1.len();
						let ptr2 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.set"]
							fn wit_import3(
								_: i32,
								_: *mut u8,
								_: usize,
								_: *mut u8,
								_: usize,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import3(
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import3(
							(self).handle() as i32,
							ptr0.cast_mut(),
							len0,
							ptr1.cast_mut(),
							len1,
							ptr2,
						);
						let l4 = i32::from(*ptr2.add(0).cast::<u8>());
						let result19 = match l4 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l5 = i32::from(
										*ptr2.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V18;
									let v18 = match l5 {
										0 => V18::Gone,
										1 => V18::Timeout,
										2 => {
											let e18 = {
												let l6 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l7 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len8 = l7;
												let bytes8 = _rt::Vec::from_raw_parts(
													l6.cast(),
													len8,
													len8,
												);
												_rt::string_lift(bytes8)
											};
											V18::Denied(e18)
										}
										3 => {
											let e18 = {
												let l9 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l10 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len11 = l10;
												let bytes11 = _rt::Vec::from_raw_parts(
													l9.cast(),
													len11,
													len11,
												);
												_rt::string_lift(bytes11)
											};
											V18::NotFound(e18)
										}
										4 => {
											let e18 = {
												let l12 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l13 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len14 = l13;
												let bytes14 = _rt::Vec::from_raw_parts(
													l12.cast(),
													len14,
													len14,
												);
												_rt::string_lift(bytes14)
											};
											V18::Invalid(e18)
										}
										5 => V18::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e18 = {
												let l15 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l16 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len17 = l16;
												let bytes17 = _rt::Vec::from_raw_parts(
													l15.cast(),
													len17,
													len17,
												);
												_rt::string_lift(bytes17)
											};
											V18::Unavailable(e18)
										}
									};
									v18
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result19
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn get(
					&self,
					name: &str,
				) -> ::core::result::Result<::core::option::Option<_rt::String>, Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let vec0 = name;
						let ptr0 = vec0.as_ptr().cast::<u8>();
						let len0 = vec0.len();
						let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.get"]
							fn wit_import2(_: i32, _: *mut u8, _: usize, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import2(
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import2((self).handle() as i32, ptr0.cast_mut(), len0, ptr1);
						let l3 = i32::from(*ptr1.add(0).cast::<u8>());
						let result22 = match l3 {
							0 => {
								let e = {
									let l4 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									match l4 {
										0 => None,
										1 => {
											let e = {
												let l5 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l6 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len7 = l6;
												let bytes7 = _rt::Vec::from_raw_parts(
													l5.cast(),
													len7,
													len7,
												);
												_rt::string_lift(bytes7)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									}
								};
								Ok(e)
							}
							1 => {
								let e = {
									let l8 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V21;
									let v21 = match l8 {
										0 => V21::Gone,
										1 => V21::Timeout,
										2 => {
											let e21 = {
												let l9 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l10 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len11 = l10;
												let bytes11 = _rt::Vec::from_raw_parts(
													l9.cast(),
													len11,
													len11,
												);
												_rt::string_lift(bytes11)
											};
											V21::Denied(e21)
										}
										3 => {
											let e21 = {
												let l12 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l13 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len14 = l13;
												let bytes14 = _rt::Vec::from_raw_parts(
													l12.cast(),
													len14,
													len14,
												);
												_rt::string_lift(bytes14)
											};
											V21::NotFound(e21)
										}
										4 => {
											let e21 = {
												let l15 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l16 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len17 = l16;
												let bytes17 = _rt::Vec::from_raw_parts(
													l15.cast(),
													len17,
													len17,
												);
												_rt::string_lift(bytes17)
											};
											V21::Invalid(e21)
										}
										5 => V21::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e21 = {
												let l18 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l19 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len20 = l19;
												let bytes20 = _rt::Vec::from_raw_parts(
													l18.cast(),
													len20,
													len20,
												);
												_rt::string_lift(bytes20)
											};
											V21::Unavailable(e21)
										}
									};
									v21
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result22
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn send_digits(
					&self,
					digits: &str,
				) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let vec0 = digits;
						let ptr0 = vec0.as_ptr().cast::<u8>();
						let len0 = vec0.len();
						let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.send-digits"]
							fn wit_import2(_: i32, _: *mut u8, _: usize, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import2(
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import2((self).handle() as i32, ptr0.cast_mut(), len0, ptr1);
						let l3 = i32::from(*ptr1.add(0).cast::<u8>());
						let result18 = match l3 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l4 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V17;
									let v17 = match l4 {
										0 => V17::Gone,
										1 => V17::Timeout,
										2 => {
											let e17 = {
												let l5 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l6 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len7 = l6;
												let bytes7 = _rt::Vec::from_raw_parts(
													l5.cast(),
													len7,
													len7,
												);
												_rt::string_lift(bytes7)
											};
											V17::Denied(e17)
										}
										3 => {
											let e17 = {
												let l8 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l9 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len10 = l9;
												let bytes10 = _rt::Vec::from_raw_parts(
													l8.cast(),
													len10,
													len10,
												);
												_rt::string_lift(bytes10)
											};
											V17::NotFound(e17)
										}
										4 => {
											let e17 = {
												let l11 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l12 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len13 = l12;
												let bytes13 = _rt::Vec::from_raw_parts(
													l11.cast(),
													len13,
													len13,
												);
												_rt::string_lift(bytes13)
											};
											V17::Invalid(e17)
										}
										5 => V17::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e17 = {
												let l14 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l15 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len16 = l15;
												let bytes16 = _rt::Vec::from_raw_parts(
													l14.cast(),
													len16,
													len16,
												);
												_rt::string_lift(bytes16)
											};
											V17::Unavailable(e17)
										}
									};
									v17
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result18
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				#[allow(async_fn_in_trait)]
				pub fn hang_up(
					&self,
					cause: ::core::option::Option<&str>,
				) -> ::core::result::Result<(), Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let (result1_0, result1_1, result1_2) = match cause {
							Some(e) => {
								let vec0 = e;
								let ptr0 = vec0.as_ptr().cast::<u8>();
								let len0 = vec0.len();
								(1i32, ptr0.cast_mut(), len0)
							}
							None => (0i32, ::core::ptr::null_mut(), 0usize),
						};
						let ptr2 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.hang-up"]
							fn wit_import3(
								_: i32,
								_: i32,
								_: *mut u8,
								_: usize,
								_: *mut u8,
							);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import3(
							_: i32,
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import3(
							(self).handle() as i32,
							result1_0,
							result1_1,
							result1_2,
							ptr2,
						);
						let l4 = i32::from(*ptr2.add(0).cast::<u8>());
						let result19 = match l4 {
							0 => {
								let e = ();
								Ok(e)
							}
							1 => {
								let e = {
									let l5 = i32::from(
										*ptr2.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V18;
									let v18 = match l5 {
										0 => V18::Gone,
										1 => V18::Timeout,
										2 => {
											let e18 = {
												let l6 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l7 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len8 = l7;
												let bytes8 = _rt::Vec::from_raw_parts(
													l6.cast(),
													len8,
													len8,
												);
												_rt::string_lift(bytes8)
											};
											V18::Denied(e18)
										}
										3 => {
											let e18 = {
												let l9 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l10 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len11 = l10;
												let bytes11 = _rt::Vec::from_raw_parts(
													l9.cast(),
													len11,
													len11,
												);
												_rt::string_lift(bytes11)
											};
											V18::NotFound(e18)
										}
										4 => {
											let e18 = {
												let l12 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l13 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len14 = l13;
												let bytes14 = _rt::Vec::from_raw_parts(
													l12.cast(),
													len14,
													len14,
												);
												_rt::string_lift(bytes14)
											};
											V18::Invalid(e18)
										}
										5 => V18::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e18 = {
												let l15 = *ptr2
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l16 = *ptr2
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len17 = l16;
												let bytes17 = _rt::Vec::from_raw_parts(
													l15.cast(),
													len17,
													len17,
												);
												_rt::string_lift(bytes17)
											};
											V18::Unavailable(e18)
										}
									};
									v18
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result19
					}
				}
			}
			impl Call {
				#[allow(unused_unsafe, clippy::all)]
				/// Is a calendar of the tenant open now?
				#[allow(async_fn_in_trait)]
				pub fn open(
					&self,
					calendar: &str,
				) -> ::core::result::Result<bool, Error> {
					unsafe {
						#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
						#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
						struct RetArea(
							[::core::mem::MaybeUninit<
								u8,
							>; 4 * ::core::mem::size_of::<*const u8>()],
						);
						let mut ret_area = RetArea(
							[::core::mem::MaybeUninit::uninit(); 4
								* ::core::mem::size_of::<*const u8>()],
						);
						let vec0 = calendar;
						let ptr0 = vec0.as_ptr().cast::<u8>();
						let len0 = vec0.len();
						let ptr1 = ret_area.0.as_mut_ptr().cast::<u8>();
						#[cfg(target_arch = "wasm32")]
						#[link(wasm_import_module = "cordboard:module/calls@0.1.0")]
						unsafe extern "C" {
							#[link_name = "[method]call.open"]
							fn wit_import2(_: i32, _: *mut u8, _: usize, _: *mut u8);
						}
						#[cfg(not(target_arch = "wasm32"))]
						unsafe extern "C" fn wit_import2(
							_: i32,
							_: *mut u8,
							_: usize,
							_: *mut u8,
						) {
							unreachable!()
						}
						wit_import2((self).handle() as i32, ptr0.cast_mut(), len0, ptr1);
						let l3 = i32::from(*ptr1.add(0).cast::<u8>());
						let result19 = match l3 {
							0 => {
								let e = {
									let l4 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									_rt::bool_lift(l4 as u8)
								};
								Ok(e)
							}
							1 => {
								let e = {
									let l5 = i32::from(
										*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
									);
									use super::super::super::cordboard::module::types::Error as V18;
									let v18 = match l5 {
										0 => V18::Gone,
										1 => V18::Timeout,
										2 => {
											let e18 = {
												let l6 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l7 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len8 = l7;
												let bytes8 = _rt::Vec::from_raw_parts(
													l6.cast(),
													len8,
													len8,
												);
												_rt::string_lift(bytes8)
											};
											V18::Denied(e18)
										}
										3 => {
											let e18 = {
												let l9 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l10 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len11 = l10;
												let bytes11 = _rt::Vec::from_raw_parts(
													l9.cast(),
													len11,
													len11,
												);
												_rt::string_lift(bytes11)
											};
											V18::NotFound(e18)
										}
										4 => {
											let e18 = {
												let l12 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l13 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len14 = l13;
												let bytes14 = _rt::Vec::from_raw_parts(
													l12.cast(),
													len14,
													len14,
												);
												_rt::string_lift(bytes14)
											};
											V18::Invalid(e18)
										}
										5 => V18::Busy,
										n => {
											debug_assert_eq!(n, 6, "invalid enum discriminant");
											let e18 = {
												let l15 = *ptr1
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l16 = *ptr1
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len17 = l16;
												let bytes17 = _rt::Vec::from_raw_parts(
													l15.cast(),
													len17,
													len17,
												);
												_rt::string_lift(bytes17)
											};
											V18::Unavailable(e18)
										}
									};
									v18
								};
								Err(e)
							}
							_ => _rt::invalid_enum_discriminant(),
						};
						result19
					}
				}
			}
		}
	}
}
#[rustfmt::skip]
#[allow(dead_code, clippy::all)]
pub mod exports {
	pub mod cordboard {
		pub mod module {
			/// Every module: a look at itself before it serves.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod lifecycle {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_start_cabi<T_: Guest>() -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result0 = { T_::start() };
						let ptr1 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result0 {
							Ok(_) => {
								*ptr1.add(0).cast::<u8>() = (0i32) as u8;
							}
							Err(e) => {
								*ptr1.add(0).cast::<u8>() = (1i32) as u8;
								let vec3 = e;
								let len3 = vec3.len();
								let layout3 = _rt::alloc::Layout::from_size_align(
										vec3.len() * (2 * ::core::mem::size_of::<*const u8>()),
										::core::mem::size_of::<*const u8>(),
									)
									.unwrap();
								let (result3, _cleanup3) = crate::abi::Cleanup::new(
									layout3,
								);
								if let Some(cleanup) = _cleanup3 {
									cleanup.forget();
								}
								for (i, e) in vec3.into_iter().enumerate() {
									let base = result3
										.add(i * (2 * ::core::mem::size_of::<*const u8>()));
									{
										let vec2 = (e.into_bytes()).into_boxed_slice();
										let ptr2 = vec2.as_ptr().cast::<u8>();
										let len2 = vec2.len();
										::core::mem::forget(vec2);
										*base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len2;
										*base.add(0).cast::<*mut u8>() = ptr2.cast_mut();
									}
								}
								*ptr1
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len3;
								*ptr1
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = result3;
							}
						};
						ptr1
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_start<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {}
							_ => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base5 = l1;
								let len5 = l2;
								for i in 0..len5 {
									let base = base5
										.add(i * (2 * ::core::mem::size_of::<*const u8>()));
									{
										let l3 = *base.add(0).cast::<*mut u8>();
										let l4 = *base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l3, l4, 1);
									}
								}
								_rt::cabi_dealloc(
									base5,
									len5 * (2 * ::core::mem::size_of::<*const u8>()),
									::core::mem::size_of::<*const u8>(),
								);
							}
						}
					}
				}
				pub trait Guest {
					/// Called once in each new instance, before anything else. What it refuses never serves: the
					/// generation that is there goes on, and the operator reads the reasons.
					#[allow(async_fn_in_trait)]
					fn start() -> ::core::result::Result<(), _rt::Vec<_rt::String>>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_lifecycle_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/lifecycle@0.1.0#start")] unsafe extern "C" fn
						export_start() -> * mut u8 { unsafe { $($path_to_types)*::
						_export_start_cabi::<$ty > () } } #[unsafe (export_name =
						"cabi_post_cordboard:module/lifecycle@0.1.0#start")] unsafe
						extern "C" fn _post_return_start(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_start::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_lifecycle_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 3 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 3
						* ::core::mem::size_of::<*const u8>()],
				);
			}
			/// A call script: straight-line code, one instance a call, standing still without a thread while
			/// the call does what it asked for.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod scripting {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				pub type Call = super::super::super::super::cordboard::module::calls::Call;
				pub type Error = super::super::super::super::cordboard::module::types::Error;
				pub type Json = super::super::super::super::cordboard::module::types::Json;
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_run_cabi<T_: Guest>(
					arg0: *mut u8,
					arg1: usize,
					arg2: *mut u8,
					arg3: usize,
					arg4: i32,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result2 = {
							let len0 = arg1;
							let bytes0 = _rt::Vec::from_raw_parts(
								arg0.cast(),
								len0,
								len0,
							);
							let len1 = arg3;
							let bytes1 = _rt::Vec::from_raw_parts(
								arg2.cast(),
								len1,
								len1,
							);
							T_::run(
								_rt::string_lift(bytes0),
								_rt::string_lift(bytes1),
								super::super::super::super::cordboard::module::calls::Call::from_handle(
									arg4 as u32,
								),
							)
						};
						let ptr3 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result2 {
							Ok(e) => {
								*ptr3.add(0).cast::<u8>() = (0i32) as u8;
								let vec4 = (e.into_bytes()).into_boxed_slice();
								let ptr4 = vec4.as_ptr().cast::<u8>();
								let len4 = vec4.len();
								::core::mem::forget(vec4);
								*ptr3
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len4;
								*ptr3
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr4.cast_mut();
							}
							Err(e) => {
								*ptr3.add(0).cast::<u8>() = (1i32) as u8;
								use super::super::super::super::cordboard::module::types::Error as V9;
								match e {
									V9::Gone => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
									}
									V9::Timeout => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
									}
									V9::Denied(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (2i32) as u8;
										let vec5 = (e.into_bytes()).into_boxed_slice();
										let ptr5 = vec5.as_ptr().cast::<u8>();
										let len5 = vec5.len();
										::core::mem::forget(vec5);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len5;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr5.cast_mut();
									}
									V9::NotFound(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (3i32) as u8;
										let vec6 = (e.into_bytes()).into_boxed_slice();
										let ptr6 = vec6.as_ptr().cast::<u8>();
										let len6 = vec6.len();
										::core::mem::forget(vec6);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len6;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr6.cast_mut();
									}
									V9::Invalid(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (4i32) as u8;
										let vec7 = (e.into_bytes()).into_boxed_slice();
										let ptr7 = vec7.as_ptr().cast::<u8>();
										let len7 = vec7.len();
										::core::mem::forget(vec7);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len7;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr7.cast_mut();
									}
									V9::Busy => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (5i32) as u8;
									}
									V9::Unavailable(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (6i32) as u8;
										let vec8 = (e.into_bytes()).into_boxed_slice();
										let ptr8 = vec8.as_ptr().cast::<u8>();
										let len8 = vec8.len();
										::core::mem::forget(vec8);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len8;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr8.cast_mut();
									}
								}
							}
						};
						ptr3
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_run<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								_rt::cabi_dealloc(l1, l2, 1);
							}
							_ => {
								let l3 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l3 {
									0 => {}
									1 => {}
									2 => {
										let l4 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l5 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l4, l5, 1);
									}
									3 => {
										let l6 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l7 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l6, l7, 1);
									}
									4 => {
										let l8 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l9 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l8, l9, 1);
									}
									5 => {}
									_ => {
										let l10 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l11 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l10, l11, 1);
									}
								}
							}
						}
					}
				}
				pub trait Guest {
					/// Runs one of the manifest's steps; gives its outcome, which `on` in the dialplan takes. The
					/// call is the module's own to keep until then.
					#[allow(async_fn_in_trait)]
					fn run(
						step: _rt::String,
						arguments: Json,
						call: Call,
					) -> ::core::result::Result<_rt::String, Error>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_scripting_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/scripting@0.1.0#run")] unsafe extern "C" fn
						export_run(arg0 : * mut u8, arg1 : usize, arg2 : * mut u8, arg3 :
						usize, arg4 : i32,) -> * mut u8 { unsafe { $($path_to_types)*::
						_export_run_cabi::<$ty > (arg0, arg1, arg2, arg3, arg4) } }
						#[unsafe (export_name =
						"cabi_post_cordboard:module/scripting@0.1.0#run")] unsafe extern
						"C" fn _post_return_run(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_run::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_scripting_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 4 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 4
						* ::core::mem::size_of::<*const u8>()],
				);
			}
			/// A router: where a call goes. Pure, one instance for many decisions, answered within 20 ms.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod routing {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				pub type Caller = super::super::super::super::cordboard::module::types::Caller;
				pub type Error = super::super::super::super::cordboard::module::types::Error;
				pub type Json = super::super::super::super::cordboard::module::types::Json;
				pub type Kv = super::super::super::super::cordboard::module::types::Kv;
				#[derive(Clone, PartialEq)]
				pub struct Request {
					pub step: _rt::String,
					pub arguments: Json,
					pub call: _rt::String,
					pub caller: Caller,
					pub dialled: _rt::String,
					pub variables: _rt::Vec<Kv>,
					pub at_ms: u64,
					pub seed: u64,
				}
				impl ::core::fmt::Debug for Request {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Request")
							.field("step", &self.step)
							.field("arguments", &self.arguments)
							.field("call", &self.call)
							.field("caller", &self.caller)
							.field("dialled", &self.dialled)
							.field("variables", &self.variables)
							.field("at-ms", &self.at_ms)
							.field("seed", &self.seed)
							.finish()
					}
				}
				/// One place to try.
				#[derive(Clone, PartialEq)]
				pub struct Target {
					/// A trunk of the tenant, or none and then `user`.
					pub trunk: ::core::option::Option<_rt::String>,
					pub user: ::core::option::Option<_rt::String>,
					pub number: ::core::option::Option<_rt::String>,
					pub caller_id: ::core::option::Option<_rt::String>,
					pub timeout_ms: u32,
				}
				impl ::core::fmt::Debug for Target {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Target")
							.field("trunk", &self.trunk)
							.field("user", &self.user)
							.field("number", &self.number)
							.field("caller-id", &self.caller_id)
							.field("timeout-ms", &self.timeout_ms)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub enum Decision {
					/// Try these in order; the step's outcome is the talk's.
					Targets(_rt::Vec<Target>),
					/// End the step with this outcome.
					Outcome(_rt::String),
				}
				impl ::core::fmt::Debug for Decision {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						match self {
							Decision::Targets(e) => {
								f.debug_tuple("Decision::Targets").field(e).finish()
							}
							Decision::Outcome(e) => {
								f.debug_tuple("Decision::Outcome").field(e).finish()
							}
						}
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct Reasoned {
					pub decision: Decision,
					/// Variables of the call to set.
					pub set: _rt::Vec<Kv>,
					/// One sentence each, for `explain`.
					pub reasons: _rt::Vec<_rt::String>,
				}
				impl ::core::fmt::Debug for Reasoned {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Reasoned")
							.field("decision", &self.decision)
							.field("set", &self.set)
							.field("reasons", &self.reasons)
							.finish()
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_route_cabi<T_: Guest>(arg0: *mut u8) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result38 = {
							let l0 = *arg0.add(0).cast::<*mut u8>();
							let l1 = *arg0
								.add(::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len2 = l1;
							let bytes2 = _rt::Vec::from_raw_parts(l0.cast(), len2, len2);
							let l3 = *arg0
								.add(2 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l4 = *arg0
								.add(3 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len5 = l4;
							let bytes5 = _rt::Vec::from_raw_parts(l3.cast(), len5, len5);
							let l6 = *arg0
								.add(4 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l7 = *arg0
								.add(5 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len8 = l7;
							let bytes8 = _rt::Vec::from_raw_parts(l6.cast(), len8, len8);
							let l9 = *arg0
								.add(6 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l10 = *arg0
								.add(7 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len11 = l10;
							let bytes11 = _rt::Vec::from_raw_parts(
								l9.cast(),
								len11,
								len11,
							);
							let l12 = i32::from(
								*arg0
									.add(8 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l16 = i32::from(
								*arg0
									.add(11 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l20 = i32::from(
								*arg0
									.add(14 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l24 = *arg0
								.add(17 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l25 = *arg0
								.add(18 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len26 = l25;
							let bytes26 = _rt::Vec::from_raw_parts(
								l24.cast(),
								len26,
								len26,
							);
							let l27 = *arg0
								.add(19 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l28 = *arg0
								.add(20 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let base35 = l27;
							let len35 = l28;
							let mut result35 = _rt::Vec::with_capacity(len35);
							for i in 0..len35 {
								let base = base35
									.add(i * (4 * ::core::mem::size_of::<*const u8>()));
								let e35 = {
									let l29 = *base.add(0).cast::<*mut u8>();
									let l30 = *base
										.add(::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len31 = l30;
									let bytes31 = _rt::Vec::from_raw_parts(
										l29.cast(),
										len31,
										len31,
									);
									let l32 = *base
										.add(2 * ::core::mem::size_of::<*const u8>())
										.cast::<*mut u8>();
									let l33 = *base
										.add(3 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len34 = l33;
									let bytes34 = _rt::Vec::from_raw_parts(
										l32.cast(),
										len34,
										len34,
									);
									(_rt::string_lift(bytes31), _rt::string_lift(bytes34))
								};
								result35.push(e35);
							}
							_rt::cabi_dealloc(
								base35,
								len35 * (4 * ::core::mem::size_of::<*const u8>()),
								::core::mem::size_of::<*const u8>(),
							);
							let l36 = *arg0
								.add(8 + 20 * ::core::mem::size_of::<*const u8>())
								.cast::<i64>();
							let l37 = *arg0
								.add(16 + 20 * ::core::mem::size_of::<*const u8>())
								.cast::<i64>();
							T_::route(Request {
								step: _rt::string_lift(bytes2),
								arguments: _rt::string_lift(bytes5),
								call: _rt::string_lift(bytes8),
								caller: super::super::super::super::cordboard::module::types::Caller {
									number: _rt::string_lift(bytes11),
									name: match l12 {
										0 => None,
										1 => {
											let e = {
												let l13 = *arg0
													.add(9 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l14 = *arg0
													.add(10 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len15 = l14;
												let bytes15 = _rt::Vec::from_raw_parts(
													l13.cast(),
													len15,
													len15,
												);
												_rt::string_lift(bytes15)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
									user: match l16 {
										0 => None,
										1 => {
											let e = {
												let l17 = *arg0
													.add(12 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l18 = *arg0
													.add(13 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len19 = l18;
												let bytes19 = _rt::Vec::from_raw_parts(
													l17.cast(),
													len19,
													len19,
												);
												_rt::string_lift(bytes19)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
									trunk: match l20 {
										0 => None,
										1 => {
											let e = {
												let l21 = *arg0
													.add(15 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l22 = *arg0
													.add(16 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len23 = l22;
												let bytes23 = _rt::Vec::from_raw_parts(
													l21.cast(),
													len23,
													len23,
												);
												_rt::string_lift(bytes23)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
								},
								dialled: _rt::string_lift(bytes26),
								variables: result35,
								at_ms: l36 as u64,
								seed: l37 as u64,
							})
						};
						_rt::cabi_dealloc(
							arg0,
							24 + 20 * ::core::mem::size_of::<*const u8>(),
							8,
						);
						let ptr39 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result38 {
							Ok(e) => {
								*ptr39.add(0).cast::<u8>() = (0i32) as u8;
								let Reasoned {
									decision: decision40,
									set: set40,
									reasons: reasons40,
								} = e;
								match decision40 {
									Decision::Targets(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
										let vec46 = e;
										let len46 = vec46.len();
										let layout46 = _rt::alloc::Layout::from_size_align(
												vec46.len() * (13 * ::core::mem::size_of::<*const u8>()),
												::core::mem::size_of::<*const u8>(),
											)
											.unwrap();
										let (result46, _cleanup46) = crate::abi::Cleanup::new(
											layout46,
										);
										if let Some(cleanup) = _cleanup46 {
											cleanup.forget();
										}
										for (i, e) in vec46.into_iter().enumerate() {
											let base = result46
												.add(i * (13 * ::core::mem::size_of::<*const u8>()));
											{
												let Target {
													trunk: trunk41,
													user: user41,
													number: number41,
													caller_id: caller_id41,
													timeout_ms: timeout_ms41,
												} = e;
												match trunk41 {
													Some(e) => {
														*base.add(0).cast::<u8>() = (1i32) as u8;
														let vec42 = (e.into_bytes()).into_boxed_slice();
														let ptr42 = vec42.as_ptr().cast::<u8>();
														let len42 = vec42.len();
														::core::mem::forget(vec42);
														*base
															.add(2 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len42;
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr42.cast_mut();
													}
													None => {
														*base.add(0).cast::<u8>() = (0i32) as u8;
													}
												};
												match user41 {
													Some(e) => {
														*base
															.add(3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec43 = (e.into_bytes()).into_boxed_slice();
														let ptr43 = vec43.as_ptr().cast::<u8>();
														let len43 = vec43.len();
														::core::mem::forget(vec43);
														*base
															.add(5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len43;
														*base
															.add(4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr43.cast_mut();
													}
													None => {
														*base
															.add(3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
												match number41 {
													Some(e) => {
														*base
															.add(6 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec44 = (e.into_bytes()).into_boxed_slice();
														let ptr44 = vec44.as_ptr().cast::<u8>();
														let len44 = vec44.len();
														::core::mem::forget(vec44);
														*base
															.add(8 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len44;
														*base
															.add(7 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr44.cast_mut();
													}
													None => {
														*base
															.add(6 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
												match caller_id41 {
													Some(e) => {
														*base
															.add(9 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec45 = (e.into_bytes()).into_boxed_slice();
														let ptr45 = vec45.as_ptr().cast::<u8>();
														let len45 = vec45.len();
														::core::mem::forget(vec45);
														*base
															.add(11 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len45;
														*base
															.add(10 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr45.cast_mut();
													}
													None => {
														*base
															.add(9 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
												*base
													.add(12 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(timeout_ms41);
											}
										}
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len46;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = result46;
									}
									Decision::Outcome(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
										let vec47 = (e.into_bytes()).into_boxed_slice();
										let ptr47 = vec47.as_ptr().cast::<u8>();
										let len47 = vec47.len();
										::core::mem::forget(vec47);
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len47;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr47.cast_mut();
									}
								}
								let vec51 = set40;
								let len51 = vec51.len();
								let layout51 = _rt::alloc::Layout::from_size_align(
										vec51.len() * (4 * ::core::mem::size_of::<*const u8>()),
										::core::mem::size_of::<*const u8>(),
									)
									.unwrap();
								let (result51, _cleanup51) = crate::abi::Cleanup::new(
									layout51,
								);
								if let Some(cleanup) = _cleanup51 {
									cleanup.forget();
								}
								for (i, e) in vec51.into_iter().enumerate() {
									let base = result51
										.add(i * (4 * ::core::mem::size_of::<*const u8>()));
									{
										let (t48_0, t48_1) = e;
										let vec49 = (t48_0.into_bytes()).into_boxed_slice();
										let ptr49 = vec49.as_ptr().cast::<u8>();
										let len49 = vec49.len();
										::core::mem::forget(vec49);
										*base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len49;
										*base.add(0).cast::<*mut u8>() = ptr49.cast_mut();
										let vec50 = (t48_1.into_bytes()).into_boxed_slice();
										let ptr50 = vec50.as_ptr().cast::<u8>();
										let len50 = vec50.len();
										::core::mem::forget(vec50);
										*base
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len50;
										*base
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr50.cast_mut();
									}
								}
								*ptr39
									.add(5 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len51;
								*ptr39
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = result51;
								let vec53 = reasons40;
								let len53 = vec53.len();
								let layout53 = _rt::alloc::Layout::from_size_align(
										vec53.len() * (2 * ::core::mem::size_of::<*const u8>()),
										::core::mem::size_of::<*const u8>(),
									)
									.unwrap();
								let (result53, _cleanup53) = crate::abi::Cleanup::new(
									layout53,
								);
								if let Some(cleanup) = _cleanup53 {
									cleanup.forget();
								}
								for (i, e) in vec53.into_iter().enumerate() {
									let base = result53
										.add(i * (2 * ::core::mem::size_of::<*const u8>()));
									{
										let vec52 = (e.into_bytes()).into_boxed_slice();
										let ptr52 = vec52.as_ptr().cast::<u8>();
										let len52 = vec52.len();
										::core::mem::forget(vec52);
										*base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len52;
										*base.add(0).cast::<*mut u8>() = ptr52.cast_mut();
									}
								}
								*ptr39
									.add(7 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len53;
								*ptr39
									.add(6 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = result53;
							}
							Err(e) => {
								*ptr39.add(0).cast::<u8>() = (1i32) as u8;
								use super::super::super::super::cordboard::module::types::Error as V58;
								match e {
									V58::Gone => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
									}
									V58::Timeout => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
									}
									V58::Denied(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (2i32) as u8;
										let vec54 = (e.into_bytes()).into_boxed_slice();
										let ptr54 = vec54.as_ptr().cast::<u8>();
										let len54 = vec54.len();
										::core::mem::forget(vec54);
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len54;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr54.cast_mut();
									}
									V58::NotFound(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (3i32) as u8;
										let vec55 = (e.into_bytes()).into_boxed_slice();
										let ptr55 = vec55.as_ptr().cast::<u8>();
										let len55 = vec55.len();
										::core::mem::forget(vec55);
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len55;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr55.cast_mut();
									}
									V58::Invalid(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (4i32) as u8;
										let vec56 = (e.into_bytes()).into_boxed_slice();
										let ptr56 = vec56.as_ptr().cast::<u8>();
										let len56 = vec56.len();
										::core::mem::forget(vec56);
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len56;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr56.cast_mut();
									}
									V58::Busy => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (5i32) as u8;
									}
									V58::Unavailable(e) => {
										*ptr39
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (6i32) as u8;
										let vec57 = (e.into_bytes()).into_boxed_slice();
										let ptr57 = vec57.as_ptr().cast::<u8>();
										let len57 = vec57.len();
										::core::mem::forget(vec57);
										*ptr39
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len57;
										*ptr39
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr57.cast_mut();
									}
								}
							}
						};
						ptr39
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_route<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {
								let l1 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l1 {
									0 => {
										let l2 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l3 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										let base16 = l2;
										let len16 = l3;
										for i in 0..len16 {
											let base = base16
												.add(i * (13 * ::core::mem::size_of::<*const u8>()));
											{
												let l4 = i32::from(*base.add(0).cast::<u8>());
												match l4 {
													0 => {}
													_ => {
														let l5 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l6 = *base
															.add(2 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l5, l6, 1);
													}
												}
												let l7 = i32::from(
													*base
														.add(3 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l7 {
													0 => {}
													_ => {
														let l8 = *base
															.add(4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l9 = *base
															.add(5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l8, l9, 1);
													}
												}
												let l10 = i32::from(
													*base
														.add(6 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l10 {
													0 => {}
													_ => {
														let l11 = *base
															.add(7 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l12 = *base
															.add(8 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l11, l12, 1);
													}
												}
												let l13 = i32::from(
													*base
														.add(9 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l13 {
													0 => {}
													_ => {
														let l14 = *base
															.add(10 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l15 = *base
															.add(11 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l14, l15, 1);
													}
												}
											}
										}
										_rt::cabi_dealloc(
											base16,
											len16 * (13 * ::core::mem::size_of::<*const u8>()),
											::core::mem::size_of::<*const u8>(),
										);
									}
									_ => {
										let l17 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l18 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l17, l18, 1);
									}
								}
								let l19 = *arg0
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l20 = *arg0
									.add(5 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base25 = l19;
								let len25 = l20;
								for i in 0..len25 {
									let base = base25
										.add(i * (4 * ::core::mem::size_of::<*const u8>()));
									{
										let l21 = *base.add(0).cast::<*mut u8>();
										let l22 = *base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l21, l22, 1);
										let l23 = *base
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l24 = *base
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l23, l24, 1);
									}
								}
								_rt::cabi_dealloc(
									base25,
									len25 * (4 * ::core::mem::size_of::<*const u8>()),
									::core::mem::size_of::<*const u8>(),
								);
								let l26 = *arg0
									.add(6 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l27 = *arg0
									.add(7 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base30 = l26;
								let len30 = l27;
								for i in 0..len30 {
									let base = base30
										.add(i * (2 * ::core::mem::size_of::<*const u8>()));
									{
										let l28 = *base.add(0).cast::<*mut u8>();
										let l29 = *base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l28, l29, 1);
									}
								}
								_rt::cabi_dealloc(
									base30,
									len30 * (2 * ::core::mem::size_of::<*const u8>()),
									::core::mem::size_of::<*const u8>(),
								);
							}
							_ => {
								let l31 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l31 {
									0 => {}
									1 => {}
									2 => {
										let l32 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l33 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l32, l33, 1);
									}
									3 => {
										let l34 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l35 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l34, l35, 1);
									}
									4 => {
										let l36 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l37 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l36, l37, 1);
									}
									5 => {}
									_ => {
										let l38 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l39 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l38, l39, 1);
									}
								}
							}
						}
					}
				}
				pub trait Guest {
					#[allow(async_fn_in_trait)]
					fn route(
						request: Request,
					) -> ::core::result::Result<Reasoned, Error>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_routing_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/routing@0.1.0#route")] unsafe extern "C" fn
						export_route(arg0 : * mut u8,) -> * mut u8 { unsafe {
						$($path_to_types)*:: _export_route_cabi::<$ty > (arg0) } }
						#[unsafe (export_name =
						"cabi_post_cordboard:module/routing@0.1.0#route")] unsafe extern
						"C" fn _post_return_route(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_route::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_routing_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 8 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 8
						* ::core::mem::size_of::<*const u8>()],
				);
			}
			/// A connector: another program, most often a CRM.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod connecting {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				pub type Caller = super::super::super::super::cordboard::module::types::Caller;
				pub type Error = super::super::super::super::cordboard::module::types::Error;
				pub type Event = super::super::super::super::cordboard::module::types::Event;
				pub type Json = super::super::super::super::cordboard::module::types::Json;
				pub type Kv = super::super::super::super::cordboard::module::types::Kv;
				#[derive(Clone, PartialEq)]
				pub struct Query {
					pub step: _rt::String,
					pub arguments: Json,
					pub call: _rt::String,
					pub caller: Caller,
					pub dialled: _rt::String,
				}
				impl ::core::fmt::Debug for Query {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Query")
							.field("step", &self.step)
							.field("arguments", &self.arguments)
							.field("call", &self.call)
							.field("caller", &self.caller)
							.field("dialled", &self.dialled)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct Found {
					/// Outcome of the step: `found`, `unknown`.
					pub outcome: _rt::String,
					/// Variables of the call to set, `crm.name` and the like.
					pub set: _rt::Vec<Kv>,
				}
				impl ::core::fmt::Debug for Found {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Found")
							.field("outcome", &self.outcome)
							.field("set", &self.set)
							.finish()
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_look_up_cabi<T_: Guest>(arg0: *mut u8) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result27 = {
							let l0 = *arg0.add(0).cast::<*mut u8>();
							let l1 = *arg0
								.add(::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len2 = l1;
							let bytes2 = _rt::Vec::from_raw_parts(l0.cast(), len2, len2);
							let l3 = *arg0
								.add(2 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l4 = *arg0
								.add(3 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len5 = l4;
							let bytes5 = _rt::Vec::from_raw_parts(l3.cast(), len5, len5);
							let l6 = *arg0
								.add(4 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l7 = *arg0
								.add(5 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len8 = l7;
							let bytes8 = _rt::Vec::from_raw_parts(l6.cast(), len8, len8);
							let l9 = *arg0
								.add(6 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l10 = *arg0
								.add(7 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len11 = l10;
							let bytes11 = _rt::Vec::from_raw_parts(
								l9.cast(),
								len11,
								len11,
							);
							let l12 = i32::from(
								*arg0
									.add(8 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l16 = i32::from(
								*arg0
									.add(11 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l20 = i32::from(
								*arg0
									.add(14 * ::core::mem::size_of::<*const u8>())
									.cast::<u8>(),
							);
							let l24 = *arg0
								.add(17 * ::core::mem::size_of::<*const u8>())
								.cast::<*mut u8>();
							let l25 = *arg0
								.add(18 * ::core::mem::size_of::<*const u8>())
								.cast::<usize>();
							let len26 = l25;
							let bytes26 = _rt::Vec::from_raw_parts(
								l24.cast(),
								len26,
								len26,
							);
							T_::look_up(Query {
								step: _rt::string_lift(bytes2),
								arguments: _rt::string_lift(bytes5),
								call: _rt::string_lift(bytes8),
								caller: super::super::super::super::cordboard::module::types::Caller {
									number: _rt::string_lift(bytes11),
									name: match l12 {
										0 => None,
										1 => {
											let e = {
												let l13 = *arg0
													.add(9 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l14 = *arg0
													.add(10 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len15 = l14;
												let bytes15 = _rt::Vec::from_raw_parts(
													l13.cast(),
													len15,
													len15,
												);
												_rt::string_lift(bytes15)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
									user: match l16 {
										0 => None,
										1 => {
											let e = {
												let l17 = *arg0
													.add(12 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l18 = *arg0
													.add(13 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len19 = l18;
												let bytes19 = _rt::Vec::from_raw_parts(
													l17.cast(),
													len19,
													len19,
												);
												_rt::string_lift(bytes19)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
									trunk: match l20 {
										0 => None,
										1 => {
											let e = {
												let l21 = *arg0
													.add(15 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l22 = *arg0
													.add(16 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len23 = l22;
												let bytes23 = _rt::Vec::from_raw_parts(
													l21.cast(),
													len23,
													len23,
												);
												_rt::string_lift(bytes23)
											};
											Some(e)
										}
										_ => _rt::invalid_enum_discriminant(),
									},
								},
								dialled: _rt::string_lift(bytes26),
							})
						};
						_rt::cabi_dealloc(
							arg0,
							19 * ::core::mem::size_of::<*const u8>(),
							::core::mem::size_of::<*const u8>(),
						);
						let ptr28 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result27 {
							Ok(e) => {
								*ptr28.add(0).cast::<u8>() = (0i32) as u8;
								let Found { outcome: outcome29, set: set29 } = e;
								let vec30 = (outcome29.into_bytes()).into_boxed_slice();
								let ptr30 = vec30.as_ptr().cast::<u8>();
								let len30 = vec30.len();
								::core::mem::forget(vec30);
								*ptr28
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len30;
								*ptr28
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr30.cast_mut();
								let vec34 = set29;
								let len34 = vec34.len();
								let layout34 = _rt::alloc::Layout::from_size_align(
										vec34.len() * (4 * ::core::mem::size_of::<*const u8>()),
										::core::mem::size_of::<*const u8>(),
									)
									.unwrap();
								let (result34, _cleanup34) = crate::abi::Cleanup::new(
									layout34,
								);
								if let Some(cleanup) = _cleanup34 {
									cleanup.forget();
								}
								for (i, e) in vec34.into_iter().enumerate() {
									let base = result34
										.add(i * (4 * ::core::mem::size_of::<*const u8>()));
									{
										let (t31_0, t31_1) = e;
										let vec32 = (t31_0.into_bytes()).into_boxed_slice();
										let ptr32 = vec32.as_ptr().cast::<u8>();
										let len32 = vec32.len();
										::core::mem::forget(vec32);
										*base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len32;
										*base.add(0).cast::<*mut u8>() = ptr32.cast_mut();
										let vec33 = (t31_1.into_bytes()).into_boxed_slice();
										let ptr33 = vec33.as_ptr().cast::<u8>();
										let len33 = vec33.len();
										::core::mem::forget(vec33);
										*base
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len33;
										*base
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr33.cast_mut();
									}
								}
								*ptr28
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len34;
								*ptr28
									.add(3 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = result34;
							}
							Err(e) => {
								*ptr28.add(0).cast::<u8>() = (1i32) as u8;
								use super::super::super::super::cordboard::module::types::Error as V39;
								match e {
									V39::Gone => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
									}
									V39::Timeout => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
									}
									V39::Denied(e) => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (2i32) as u8;
										let vec35 = (e.into_bytes()).into_boxed_slice();
										let ptr35 = vec35.as_ptr().cast::<u8>();
										let len35 = vec35.len();
										::core::mem::forget(vec35);
										*ptr28
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len35;
										*ptr28
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr35.cast_mut();
									}
									V39::NotFound(e) => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (3i32) as u8;
										let vec36 = (e.into_bytes()).into_boxed_slice();
										let ptr36 = vec36.as_ptr().cast::<u8>();
										let len36 = vec36.len();
										::core::mem::forget(vec36);
										*ptr28
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len36;
										*ptr28
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr36.cast_mut();
									}
									V39::Invalid(e) => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (4i32) as u8;
										let vec37 = (e.into_bytes()).into_boxed_slice();
										let ptr37 = vec37.as_ptr().cast::<u8>();
										let len37 = vec37.len();
										::core::mem::forget(vec37);
										*ptr28
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len37;
										*ptr28
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr37.cast_mut();
									}
									V39::Busy => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (5i32) as u8;
									}
									V39::Unavailable(e) => {
										*ptr28
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (6i32) as u8;
										let vec38 = (e.into_bytes()).into_boxed_slice();
										let ptr38 = vec38.as_ptr().cast::<u8>();
										let len38 = vec38.len();
										::core::mem::forget(vec38);
										*ptr28
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len38;
										*ptr28
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr38.cast_mut();
									}
								}
							}
						};
						ptr28
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_look_up<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								_rt::cabi_dealloc(l1, l2, 1);
								let l3 = *arg0
									.add(3 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l4 = *arg0
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base9 = l3;
								let len9 = l4;
								for i in 0..len9 {
									let base = base9
										.add(i * (4 * ::core::mem::size_of::<*const u8>()));
									{
										let l5 = *base.add(0).cast::<*mut u8>();
										let l6 = *base
											.add(::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l5, l6, 1);
										let l7 = *base
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l8 = *base
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l7, l8, 1);
									}
								}
								_rt::cabi_dealloc(
									base9,
									len9 * (4 * ::core::mem::size_of::<*const u8>()),
									::core::mem::size_of::<*const u8>(),
								);
							}
							_ => {
								let l10 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l10 {
									0 => {}
									1 => {}
									2 => {
										let l11 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l12 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l11, l12, 1);
									}
									3 => {
										let l13 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l14 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l13, l14, 1);
									}
									4 => {
										let l15 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l16 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l15, l16, 1);
									}
									5 => {}
									_ => {
										let l17 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l18 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l17, l18, 1);
									}
								}
							}
						}
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_on_event_cabi<T_: Guest>(
					arg0: i64,
					arg1: i64,
					arg2: *mut u8,
					arg3: usize,
					arg4: i32,
					arg5: *mut u8,
					arg6: usize,
					arg7: i32,
					arg8: i32,
					arg9: *mut u8,
					arg10: usize,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result3 = {
							let len0 = arg3;
							let bytes0 = _rt::Vec::from_raw_parts(
								arg2.cast(),
								len0,
								len0,
							);
							let len2 = arg10;
							let bytes2 = _rt::Vec::from_raw_parts(
								arg9.cast(),
								len2,
								len2,
							);
							T_::on_event(super::super::super::super::cordboard::module::types::Event {
								seq: arg0 as u64,
								at_ms: arg1 as u64,
								topic: _rt::string_lift(bytes0),
								call: match arg4 {
									0 => None,
									1 => {
										let e = {
											let len1 = arg6;
											let bytes1 = _rt::Vec::from_raw_parts(
												arg5.cast(),
												len1,
												len1,
											);
											_rt::string_lift(bytes1)
										};
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								},
								leg: match arg7 {
									0 => None,
									1 => {
										let e = arg8 as u16;
										Some(e)
									}
									_ => _rt::invalid_enum_discriminant(),
								},
								payload: _rt::string_lift(bytes2),
							})
						};
						let ptr4 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result3 {
							Ok(_) => {
								*ptr4.add(0).cast::<u8>() = (0i32) as u8;
							}
							Err(e) => {
								*ptr4.add(0).cast::<u8>() = (1i32) as u8;
								use super::super::super::super::cordboard::module::types::Error as V9;
								match e {
									V9::Gone => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
									}
									V9::Timeout => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
									}
									V9::Denied(e) => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (2i32) as u8;
										let vec5 = (e.into_bytes()).into_boxed_slice();
										let ptr5 = vec5.as_ptr().cast::<u8>();
										let len5 = vec5.len();
										::core::mem::forget(vec5);
										*ptr4
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len5;
										*ptr4
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr5.cast_mut();
									}
									V9::NotFound(e) => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (3i32) as u8;
										let vec6 = (e.into_bytes()).into_boxed_slice();
										let ptr6 = vec6.as_ptr().cast::<u8>();
										let len6 = vec6.len();
										::core::mem::forget(vec6);
										*ptr4
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len6;
										*ptr4
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr6.cast_mut();
									}
									V9::Invalid(e) => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (4i32) as u8;
										let vec7 = (e.into_bytes()).into_boxed_slice();
										let ptr7 = vec7.as_ptr().cast::<u8>();
										let len7 = vec7.len();
										::core::mem::forget(vec7);
										*ptr4
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len7;
										*ptr4
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr7.cast_mut();
									}
									V9::Busy => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (5i32) as u8;
									}
									V9::Unavailable(e) => {
										*ptr4
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (6i32) as u8;
										let vec8 = (e.into_bytes()).into_boxed_slice();
										let ptr8 = vec8.as_ptr().cast::<u8>();
										let len8 = vec8.len();
										::core::mem::forget(vec8);
										*ptr4
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len8;
										*ptr4
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr8.cast_mut();
									}
								}
							}
						};
						ptr4
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_on_event<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {}
							_ => {
								let l1 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l1 {
									0 => {}
									1 => {}
									2 => {
										let l2 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l3 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l2, l3, 1);
									}
									3 => {
										let l4 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l5 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l4, l5, 1);
									}
									4 => {
										let l6 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l7 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l6, l7, 1);
									}
									5 => {}
									_ => {
										let l8 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l9 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l8, l9, 1);
									}
								}
							}
						}
					}
				}
				pub trait Guest {
					#[allow(async_fn_in_trait)]
					fn look_up(query: Query) -> ::core::result::Result<Found, Error>;
					/// An event that the manifest subscribes to, at least once each. An error is tried again: after
					/// 1 s, doubling to 5 min, for a day.
					#[allow(async_fn_in_trait)]
					fn on_event(event: Event) -> ::core::result::Result<(), Error>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_connecting_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/connecting@0.1.0#look-up")] unsafe extern "C"
						fn export_look_up(arg0 : * mut u8,) -> * mut u8 { unsafe {
						$($path_to_types)*:: _export_look_up_cabi::<$ty > (arg0) } }
						#[unsafe (export_name =
						"cabi_post_cordboard:module/connecting@0.1.0#look-up")] unsafe
						extern "C" fn _post_return_look_up(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_look_up::<$ty > (arg0) } }
						#[unsafe (export_name =
						"cordboard:module/connecting@0.1.0#on-event")] unsafe extern "C"
						fn export_on_event(arg0 : i64, arg1 : i64, arg2 : * mut u8, arg3
						: usize, arg4 : i32, arg5 : * mut u8, arg6 : usize, arg7 : i32,
						arg8 : i32, arg9 : * mut u8, arg10 : usize,) -> * mut u8 { unsafe
						{ $($path_to_types)*:: _export_on_event_cabi::<$ty > (arg0, arg1,
						arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10) } }
						#[unsafe (export_name =
						"cabi_post_cordboard:module/connecting@0.1.0#on-event")] unsafe
						extern "C" fn _post_return_on_event(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_on_event::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_connecting_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 5 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 5
						* ::core::mem::size_of::<*const u8>()],
				);
			}
			/// A service: state of a tenant that follows events. It has no clock, no chance and no http but as
			/// inputs, so that the same inputs give the same state and the same actions, always.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod serving {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				pub type Caller = super::super::super::super::cordboard::module::types::Caller;
				pub type Error = super::super::super::super::cordboard::module::types::Error;
				pub type Event = super::super::super::super::cordboard::module::types::Event;
				pub type Json = super::super::super::super::cordboard::module::types::Json;
				pub type Kv = super::super::super::super::cordboard::module::types::Kv;
				pub type Operation = super::super::super::super::cordboard::module::operations::Operation;
				pub type Answer = super::super::super::super::cordboard::module::operations::Answer;
				/// A route has come to one of this module's steps.
				#[derive(Clone, PartialEq)]
				pub struct StepStart {
					/// Names the step in actions and inputs.
					pub step: u64,
					pub name: _rt::String,
					pub arguments: Json,
					pub call: _rt::String,
					pub caller: Caller,
					pub dialled: _rt::String,
					pub variables: _rt::Vec<Kv>,
					pub answered: bool,
				}
				impl ::core::fmt::Debug for StepStart {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("StepStart")
							.field("step", &self.step)
							.field("name", &self.name)
							.field("arguments", &self.arguments)
							.field("call", &self.call)
							.field("caller", &self.caller)
							.field("dialled", &self.dialled)
							.field("variables", &self.variables)
							.field("answered", &self.answered)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct StepAnswer {
					pub step: u64,
					/// The action's id.
					pub action: u64,
					pub answer: ::core::result::Result<Answer, Error>,
				}
				impl ::core::fmt::Debug for StepAnswer {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("StepAnswer")
							.field("step", &self.step)
							.field("action", &self.action)
							.field("answer", &self.answer)
							.finish()
					}
				}
				/// An operator's verb that the manifest offers, its arguments checked.
				#[derive(Clone, PartialEq)]
				pub struct Request {
					/// Names it in the answer.
					pub request: u64,
					pub verb: _rt::String,
					pub arguments: Json,
					/// Who asks: `console`, or a user's name.
					pub by: _rt::String,
				}
				impl ::core::fmt::Debug for Request {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Request")
							.field("request", &self.request)
							.field("verb", &self.verb)
							.field("arguments", &self.arguments)
							.field("by", &self.by)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct HttpAnswer {
					pub action: u64,
					pub status: ::core::result::Result<u16, Error>,
					pub body: _rt::String,
				}
				impl ::core::fmt::Debug for HttpAnswer {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("HttpAnswer")
							.field("action", &self.action)
							.field("status", &self.status)
							.field("body", &self.body)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub enum Body {
					StepStarted(StepStart),
					/// The operation that an action wanted is over.
					StepAnswered(StepAnswer),
					/// The step is over from outside: the caller left.
					StepGone(u64),
					Event(Event),
					Timer(_rt::String),
					Request(Request),
					HttpAnswered(HttpAnswer),
					/// An action was refused; its id and why.
					Refused((u64, Error)),
				}
				impl ::core::fmt::Debug for Body {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						match self {
							Body::StepStarted(e) => {
								f.debug_tuple("Body::StepStarted").field(e).finish()
							}
							Body::StepAnswered(e) => {
								f.debug_tuple("Body::StepAnswered").field(e).finish()
							}
							Body::StepGone(e) => {
								f.debug_tuple("Body::StepGone").field(e).finish()
							}
							Body::Event(e) => {
								f.debug_tuple("Body::Event").field(e).finish()
							}
							Body::Timer(e) => {
								f.debug_tuple("Body::Timer").field(e).finish()
							}
							Body::Request(e) => {
								f.debug_tuple("Body::Request").field(e).finish()
							}
							Body::HttpAnswered(e) => {
								f.debug_tuple("Body::HttpAnswered").field(e).finish()
							}
							Body::Refused(e) => {
								f.debug_tuple("Body::Refused").field(e).finish()
							}
						}
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct Input {
					/// Counts this module's inputs in the tenant, without gaps.
					pub seq: u64,
					/// Unix milliseconds.
					pub at_ms: u64,
					/// Chance for this input.
					pub seed: u64,
					pub body: Body,
				}
				impl ::core::fmt::Debug for Input {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Input")
							.field("seq", &self.seq)
							.field("at-ms", &self.at_ms)
							.field("seed", &self.seed)
							.field("body", &self.body)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct StepAct {
					pub step: u64,
					pub operation: Operation,
				}
				impl ::core::fmt::Debug for StepAct {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("StepAct")
							.field("step", &self.step)
							.field("operation", &self.operation)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct StepEnd {
					pub step: u64,
					pub outcome: _rt::String,
				}
				impl ::core::fmt::Debug for StepEnd {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("StepEnd")
							.field("step", &self.step)
							.field("outcome", &self.outcome)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct Fact {
					pub topic: _rt::String,
					pub key: _rt::String,
					pub payload: ::core::option::Option<Json>,
				}
				impl ::core::fmt::Debug for Fact {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Fact")
							.field("topic", &self.topic)
							.field("key", &self.key)
							.field("payload", &self.payload)
							.finish()
					}
				}
				/// A call that nobody dialled in: rings, and when somebody answers runs a route.
				#[derive(Clone, PartialEq)]
				pub struct StartCall {
					pub user: ::core::option::Option<_rt::String>,
					pub trunk: ::core::option::Option<_rt::String>,
					pub number: ::core::option::Option<_rt::String>,
					pub route: _rt::String,
					pub caller_id: ::core::option::Option<_rt::String>,
					pub timeout_ms: u32,
					pub variables: _rt::Vec<Kv>,
					/// Twice the same key starts one call.
					pub key: ::core::option::Option<_rt::String>,
				}
				impl ::core::fmt::Debug for StartCall {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("StartCall")
							.field("user", &self.user)
							.field("trunk", &self.trunk)
							.field("number", &self.number)
							.field("route", &self.route)
							.field("caller-id", &self.caller_id)
							.field("timeout-ms", &self.timeout_ms)
							.field("variables", &self.variables)
							.field("key", &self.key)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct HttpSend {
					pub method: _rt::String,
					pub url: _rt::String,
					pub headers: _rt::Vec<Kv>,
					pub body: ::core::option::Option<_rt::String>,
					pub timeout_ms: u32,
				}
				impl ::core::fmt::Debug for HttpSend {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("HttpSend")
							.field("method", &self.method)
							.field("url", &self.url)
							.field("headers", &self.headers)
							.field("body", &self.body)
							.field("timeout-ms", &self.timeout_ms)
							.finish()
					}
				}
				#[derive(Clone, PartialEq)]
				pub enum Act {
					/// Do this on the step's call. One operation at a time: a new one ends the last, whose
					/// answer then is `busy`.
					Step(StepAct),
					EndStep(StepEnd),
					Publish((_rt::String, Json)),
					Retain(Fact),
					/// Name and Unix milliseconds; the same name again moves it.
					SetTimer((_rt::String, u64)),
					ClearTimer(_rt::String),
					StartCall(StartCall),
					/// Answer to a request: JSON, or a sentence that says what was wrong.
					Reply((u64, ::core::result::Result<Json, _rt::String>)),
					Http(HttpSend),
				}
				impl ::core::fmt::Debug for Act {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						match self {
							Act::Step(e) => f.debug_tuple("Act::Step").field(e).finish(),
							Act::EndStep(e) => {
								f.debug_tuple("Act::EndStep").field(e).finish()
							}
							Act::Publish(e) => {
								f.debug_tuple("Act::Publish").field(e).finish()
							}
							Act::Retain(e) => {
								f.debug_tuple("Act::Retain").field(e).finish()
							}
							Act::SetTimer(e) => {
								f.debug_tuple("Act::SetTimer").field(e).finish()
							}
							Act::ClearTimer(e) => {
								f.debug_tuple("Act::ClearTimer").field(e).finish()
							}
							Act::StartCall(e) => {
								f.debug_tuple("Act::StartCall").field(e).finish()
							}
							Act::Reply(e) => {
								f.debug_tuple("Act::Reply").field(e).finish()
							}
							Act::Http(e) => f.debug_tuple("Act::Http").field(e).finish(),
						}
					}
				}
				#[derive(Clone, PartialEq)]
				pub struct Action {
					/// Chosen by the module, at least 1; names the action in answers.
					pub id: u64,
					pub act: Act,
				}
				impl ::core::fmt::Debug for Action {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Action")
							.field("id", &self.id)
							.field("act", &self.act)
							.finish()
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_handle_cabi<T_: Guest>(
					arg0: *mut u8,
					arg1: usize,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result145 = {
							let base144 = arg0;
							let len144 = arg1;
							let mut result144 = _rt::Vec::with_capacity(len144);
							for i in 0..len144 {
								let base = base144
									.add(i * (40 + 22 * ::core::mem::size_of::<*const u8>()));
								let e144 = {
									let l0 = *base.add(0).cast::<i64>();
									let l1 = *base.add(8).cast::<i64>();
									let l2 = *base.add(16).cast::<i64>();
									let l3 = i32::from(*base.add(24).cast::<u8>());
									let v143 = match l3 {
										0 => {
											let e143 = {
												let l4 = *base.add(32).cast::<i64>();
												let l5 = *base.add(40).cast::<*mut u8>();
												let l6 = *base
													.add(40 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len7 = l6;
												let bytes7 = _rt::Vec::from_raw_parts(
													l5.cast(),
													len7,
													len7,
												);
												let l8 = *base
													.add(40 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l9 = *base
													.add(40 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len10 = l9;
												let bytes10 = _rt::Vec::from_raw_parts(
													l8.cast(),
													len10,
													len10,
												);
												let l11 = *base
													.add(40 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l12 = *base
													.add(40 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len13 = l12;
												let bytes13 = _rt::Vec::from_raw_parts(
													l11.cast(),
													len13,
													len13,
												);
												let l14 = *base
													.add(40 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l15 = *base
													.add(40 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len16 = l15;
												let bytes16 = _rt::Vec::from_raw_parts(
													l14.cast(),
													len16,
													len16,
												);
												let l17 = i32::from(
													*base
														.add(40 + 8 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												let l21 = i32::from(
													*base
														.add(40 + 11 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												let l25 = i32::from(
													*base
														.add(40 + 14 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												let l29 = *base
													.add(40 + 17 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l30 = *base
													.add(40 + 18 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len31 = l30;
												let bytes31 = _rt::Vec::from_raw_parts(
													l29.cast(),
													len31,
													len31,
												);
												let l32 = *base
													.add(40 + 19 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l33 = *base
													.add(40 + 20 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base40 = l32;
												let len40 = l33;
												let mut result40 = _rt::Vec::with_capacity(len40);
												for i in 0..len40 {
													let base = base40
														.add(i * (4 * ::core::mem::size_of::<*const u8>()));
													let e40 = {
														let l34 = *base.add(0).cast::<*mut u8>();
														let l35 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														let len36 = l35;
														let bytes36 = _rt::Vec::from_raw_parts(
															l34.cast(),
															len36,
															len36,
														);
														let l37 = *base
															.add(2 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l38 = *base
															.add(3 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														let len39 = l38;
														let bytes39 = _rt::Vec::from_raw_parts(
															l37.cast(),
															len39,
															len39,
														);
														(_rt::string_lift(bytes36), _rt::string_lift(bytes39))
													};
													result40.push(e40);
												}
												_rt::cabi_dealloc(
													base40,
													len40 * (4 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
												let l41 = i32::from(
													*base
														.add(40 + 21 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												StepStart {
													step: l4 as u64,
													name: _rt::string_lift(bytes7),
													arguments: _rt::string_lift(bytes10),
													call: _rt::string_lift(bytes13),
													caller: super::super::super::super::cordboard::module::types::Caller {
														number: _rt::string_lift(bytes16),
														name: match l17 {
															0 => None,
															1 => {
																let e = {
																	let l18 = *base
																		.add(40 + 9 * ::core::mem::size_of::<*const u8>())
																		.cast::<*mut u8>();
																	let l19 = *base
																		.add(40 + 10 * ::core::mem::size_of::<*const u8>())
																		.cast::<usize>();
																	let len20 = l19;
																	let bytes20 = _rt::Vec::from_raw_parts(
																		l18.cast(),
																		len20,
																		len20,
																	);
																	_rt::string_lift(bytes20)
																};
																Some(e)
															}
															_ => _rt::invalid_enum_discriminant(),
														},
														user: match l21 {
															0 => None,
															1 => {
																let e = {
																	let l22 = *base
																		.add(40 + 12 * ::core::mem::size_of::<*const u8>())
																		.cast::<*mut u8>();
																	let l23 = *base
																		.add(40 + 13 * ::core::mem::size_of::<*const u8>())
																		.cast::<usize>();
																	let len24 = l23;
																	let bytes24 = _rt::Vec::from_raw_parts(
																		l22.cast(),
																		len24,
																		len24,
																	);
																	_rt::string_lift(bytes24)
																};
																Some(e)
															}
															_ => _rt::invalid_enum_discriminant(),
														},
														trunk: match l25 {
															0 => None,
															1 => {
																let e = {
																	let l26 = *base
																		.add(40 + 15 * ::core::mem::size_of::<*const u8>())
																		.cast::<*mut u8>();
																	let l27 = *base
																		.add(40 + 16 * ::core::mem::size_of::<*const u8>())
																		.cast::<usize>();
																	let len28 = l27;
																	let bytes28 = _rt::Vec::from_raw_parts(
																		l26.cast(),
																		len28,
																		len28,
																	);
																	_rt::string_lift(bytes28)
																};
																Some(e)
															}
															_ => _rt::invalid_enum_discriminant(),
														},
													},
													dialled: _rt::string_lift(bytes31),
													variables: result40,
													answered: _rt::bool_lift(l41 as u8),
												}
											};
											Body::StepStarted(e143)
										}
										1 => {
											let e143 = {
												let l42 = *base.add(32).cast::<i64>();
												let l43 = *base.add(40).cast::<i64>();
												let l44 = i32::from(*base.add(48).cast::<u8>());
												StepAnswer {
													step: l42 as u64,
													action: l43 as u64,
													answer: match l44 {
														0 => {
															let e = {
																let l45 = i32::from(
																	*base
																		.add(48 + 1 * ::core::mem::size_of::<*const u8>())
																		.cast::<u8>(),
																);
																use super::super::super::super::cordboard::module::operations::Answer as V65;
																let v65 = match l45 {
																	0 => V65::Done,
																	1 => {
																		let e65 = {
																			let l46 = i32::from(
																				*base
																					.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																					.cast::<u8>(),
																			);
																			let l47 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l48 = *base
																				.add(48 + 4 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len49 = l48;
																			let bytes49 = _rt::Vec::from_raw_parts(
																				l47.cast(),
																				len49,
																				len49,
																			);
																			super::super::super::super::cordboard::module::operations::Entry {
																				outcome: super::super::super::super::cordboard::module::operations::Collected::_lift(
																					l46 as u8,
																				),
																				digits: _rt::string_lift(bytes49),
																			}
																		};
																		V65::Entry(e65)
																	}
																	2 => {
																		let e65 = {
																			let l50 = *base
																				.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l51 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len52 = l51;
																			let bytes52 = _rt::Vec::from_raw_parts(
																				l50.cast(),
																				len52,
																				len52,
																			);
																			let l53 = i32::from(
																				*base
																					.add(48 + 4 * ::core::mem::size_of::<*const u8>())
																					.cast::<u8>(),
																			);
																			let l57 = i32::from(
																				*base
																					.add(48 + 7 * ::core::mem::size_of::<*const u8>())
																					.cast::<u8>(),
																			);
																			super::super::super::super::cordboard::module::operations::Talk {
																				outcome: _rt::string_lift(bytes52),
																				by: match l53 {
																					0 => None,
																					1 => {
																						let e = {
																							let l54 = *base
																								.add(48 + 5 * ::core::mem::size_of::<*const u8>())
																								.cast::<*mut u8>();
																							let l55 = *base
																								.add(48 + 6 * ::core::mem::size_of::<*const u8>())
																								.cast::<usize>();
																							let len56 = l55;
																							let bytes56 = _rt::Vec::from_raw_parts(
																								l54.cast(),
																								len56,
																								len56,
																							);
																							_rt::string_lift(bytes56)
																						};
																						Some(e)
																					}
																					_ => _rt::invalid_enum_discriminant(),
																				},
																				cause: match l57 {
																					0 => None,
																					1 => {
																						let e = {
																							let l58 = *base
																								.add(48 + 8 * ::core::mem::size_of::<*const u8>())
																								.cast::<*mut u8>();
																							let l59 = *base
																								.add(48 + 9 * ::core::mem::size_of::<*const u8>())
																								.cast::<usize>();
																							let len60 = l59;
																							let bytes60 = _rt::Vec::from_raw_parts(
																								l58.cast(),
																								len60,
																								len60,
																							);
																							_rt::string_lift(bytes60)
																						};
																						Some(e)
																					}
																					_ => _rt::invalid_enum_discriminant(),
																				},
																			}
																		};
																		V65::Talk(e65)
																	}
																	n => {
																		debug_assert_eq!(n, 3, "invalid enum discriminant");
																		let e65 = {
																			let l61 = i32::from(
																				*base
																					.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																					.cast::<u8>(),
																			);
																			match l61 {
																				0 => None,
																				1 => {
																					let e = {
																						let l62 = *base
																							.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																							.cast::<*mut u8>();
																						let l63 = *base
																							.add(48 + 4 * ::core::mem::size_of::<*const u8>())
																							.cast::<usize>();
																						let len64 = l63;
																						let bytes64 = _rt::Vec::from_raw_parts(
																							l62.cast(),
																							len64,
																							len64,
																						);
																						_rt::string_lift(bytes64)
																					};
																					Some(e)
																				}
																				_ => _rt::invalid_enum_discriminant(),
																			}
																		};
																		V65::Text(e65)
																	}
																};
																v65
															};
															Ok(e)
														}
														1 => {
															let e = {
																let l66 = i32::from(
																	*base
																		.add(48 + 1 * ::core::mem::size_of::<*const u8>())
																		.cast::<u8>(),
																);
																use super::super::super::super::cordboard::module::types::Error as V79;
																let v79 = match l66 {
																	0 => V79::Gone,
																	1 => V79::Timeout,
																	2 => {
																		let e79 = {
																			let l67 = *base
																				.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l68 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len69 = l68;
																			let bytes69 = _rt::Vec::from_raw_parts(
																				l67.cast(),
																				len69,
																				len69,
																			);
																			_rt::string_lift(bytes69)
																		};
																		V79::Denied(e79)
																	}
																	3 => {
																		let e79 = {
																			let l70 = *base
																				.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l71 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len72 = l71;
																			let bytes72 = _rt::Vec::from_raw_parts(
																				l70.cast(),
																				len72,
																				len72,
																			);
																			_rt::string_lift(bytes72)
																		};
																		V79::NotFound(e79)
																	}
																	4 => {
																		let e79 = {
																			let l73 = *base
																				.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l74 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len75 = l74;
																			let bytes75 = _rt::Vec::from_raw_parts(
																				l73.cast(),
																				len75,
																				len75,
																			);
																			_rt::string_lift(bytes75)
																		};
																		V79::Invalid(e79)
																	}
																	5 => V79::Busy,
																	n => {
																		debug_assert_eq!(n, 6, "invalid enum discriminant");
																		let e79 = {
																			let l76 = *base
																				.add(48 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l77 = *base
																				.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len78 = l77;
																			let bytes78 = _rt::Vec::from_raw_parts(
																				l76.cast(),
																				len78,
																				len78,
																			);
																			_rt::string_lift(bytes78)
																		};
																		V79::Unavailable(e79)
																	}
																};
																v79
															};
															Err(e)
														}
														_ => _rt::invalid_enum_discriminant(),
													},
												}
											};
											Body::StepAnswered(e143)
										}
										2 => {
											let e143 = {
												let l80 = *base.add(32).cast::<i64>();
												l80 as u64
											};
											Body::StepGone(e143)
										}
										3 => {
											let e143 = {
												let l81 = *base.add(32).cast::<i64>();
												let l82 = *base.add(40).cast::<i64>();
												let l83 = *base.add(48).cast::<*mut u8>();
												let l84 = *base
													.add(48 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len85 = l84;
												let bytes85 = _rt::Vec::from_raw_parts(
													l83.cast(),
													len85,
													len85,
												);
												let l86 = i32::from(
													*base
														.add(48 + 2 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												let l90 = i32::from(
													*base
														.add(48 + 5 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												let l92 = *base
													.add(48 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l93 = *base
													.add(48 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len94 = l93;
												let bytes94 = _rt::Vec::from_raw_parts(
													l92.cast(),
													len94,
													len94,
												);
												super::super::super::super::cordboard::module::types::Event {
													seq: l81 as u64,
													at_ms: l82 as u64,
													topic: _rt::string_lift(bytes85),
													call: match l86 {
														0 => None,
														1 => {
															let e = {
																let l87 = *base
																	.add(48 + 3 * ::core::mem::size_of::<*const u8>())
																	.cast::<*mut u8>();
																let l88 = *base
																	.add(48 + 4 * ::core::mem::size_of::<*const u8>())
																	.cast::<usize>();
																let len89 = l88;
																let bytes89 = _rt::Vec::from_raw_parts(
																	l87.cast(),
																	len89,
																	len89,
																);
																_rt::string_lift(bytes89)
															};
															Some(e)
														}
														_ => _rt::invalid_enum_discriminant(),
													},
													leg: match l90 {
														0 => None,
														1 => {
															let e = {
																let l91 = i32::from(
																	*base
																		.add(50 + 5 * ::core::mem::size_of::<*const u8>())
																		.cast::<u16>(),
																);
																l91 as u16
															};
															Some(e)
														}
														_ => _rt::invalid_enum_discriminant(),
													},
													payload: _rt::string_lift(bytes94),
												}
											};
											Body::Event(e143)
										}
										4 => {
											let e143 = {
												let l95 = *base.add(32).cast::<*mut u8>();
												let l96 = *base
													.add(32 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len97 = l96;
												let bytes97 = _rt::Vec::from_raw_parts(
													l95.cast(),
													len97,
													len97,
												);
												_rt::string_lift(bytes97)
											};
											Body::Timer(e143)
										}
										5 => {
											let e143 = {
												let l98 = *base.add(32).cast::<i64>();
												let l99 = *base.add(40).cast::<*mut u8>();
												let l100 = *base
													.add(40 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len101 = l100;
												let bytes101 = _rt::Vec::from_raw_parts(
													l99.cast(),
													len101,
													len101,
												);
												let l102 = *base
													.add(40 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l103 = *base
													.add(40 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len104 = l103;
												let bytes104 = _rt::Vec::from_raw_parts(
													l102.cast(),
													len104,
													len104,
												);
												let l105 = *base
													.add(40 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l106 = *base
													.add(40 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len107 = l106;
												let bytes107 = _rt::Vec::from_raw_parts(
													l105.cast(),
													len107,
													len107,
												);
												Request {
													request: l98 as u64,
													verb: _rt::string_lift(bytes101),
													arguments: _rt::string_lift(bytes104),
													by: _rt::string_lift(bytes107),
												}
											};
											Body::Request(e143)
										}
										6 => {
											let e143 = {
												let l108 = *base.add(32).cast::<i64>();
												let l109 = i32::from(*base.add(40).cast::<u8>());
												let l125 = *base
													.add(40 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l126 = *base
													.add(40 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let len127 = l126;
												let bytes127 = _rt::Vec::from_raw_parts(
													l125.cast(),
													len127,
													len127,
												);
												HttpAnswer {
													action: l108 as u64,
													status: match l109 {
														0 => {
															let e = {
																let l110 = i32::from(
																	*base
																		.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																		.cast::<u16>(),
																);
																l110 as u16
															};
															Ok(e)
														}
														1 => {
															let e = {
																let l111 = i32::from(
																	*base
																		.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																		.cast::<u8>(),
																);
																use super::super::super::super::cordboard::module::types::Error as V124;
																let v124 = match l111 {
																	0 => V124::Gone,
																	1 => V124::Timeout,
																	2 => {
																		let e124 = {
																			let l112 = *base
																				.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l113 = *base
																				.add(40 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len114 = l113;
																			let bytes114 = _rt::Vec::from_raw_parts(
																				l112.cast(),
																				len114,
																				len114,
																			);
																			_rt::string_lift(bytes114)
																		};
																		V124::Denied(e124)
																	}
																	3 => {
																		let e124 = {
																			let l115 = *base
																				.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l116 = *base
																				.add(40 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len117 = l116;
																			let bytes117 = _rt::Vec::from_raw_parts(
																				l115.cast(),
																				len117,
																				len117,
																			);
																			_rt::string_lift(bytes117)
																		};
																		V124::NotFound(e124)
																	}
																	4 => {
																		let e124 = {
																			let l118 = *base
																				.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l119 = *base
																				.add(40 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len120 = l119;
																			let bytes120 = _rt::Vec::from_raw_parts(
																				l118.cast(),
																				len120,
																				len120,
																			);
																			_rt::string_lift(bytes120)
																		};
																		V124::Invalid(e124)
																	}
																	5 => V124::Busy,
																	n => {
																		debug_assert_eq!(n, 6, "invalid enum discriminant");
																		let e124 = {
																			let l121 = *base
																				.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																				.cast::<*mut u8>();
																			let l122 = *base
																				.add(40 + 3 * ::core::mem::size_of::<*const u8>())
																				.cast::<usize>();
																			let len123 = l122;
																			let bytes123 = _rt::Vec::from_raw_parts(
																				l121.cast(),
																				len123,
																				len123,
																			);
																			_rt::string_lift(bytes123)
																		};
																		V124::Unavailable(e124)
																	}
																};
																v124
															};
															Err(e)
														}
														_ => _rt::invalid_enum_discriminant(),
													},
													body: _rt::string_lift(bytes127),
												}
											};
											Body::HttpAnswered(e143)
										}
										n => {
											debug_assert_eq!(n, 7, "invalid enum discriminant");
											let e143 = {
												let l128 = *base.add(32).cast::<i64>();
												let l129 = i32::from(*base.add(40).cast::<u8>());
												use super::super::super::super::cordboard::module::types::Error as V142;
												let v142 = match l129 {
													0 => V142::Gone,
													1 => V142::Timeout,
													2 => {
														let e142 = {
															let l130 = *base
																.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																.cast::<*mut u8>();
															let l131 = *base
																.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																.cast::<usize>();
															let len132 = l131;
															let bytes132 = _rt::Vec::from_raw_parts(
																l130.cast(),
																len132,
																len132,
															);
															_rt::string_lift(bytes132)
														};
														V142::Denied(e142)
													}
													3 => {
														let e142 = {
															let l133 = *base
																.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																.cast::<*mut u8>();
															let l134 = *base
																.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																.cast::<usize>();
															let len135 = l134;
															let bytes135 = _rt::Vec::from_raw_parts(
																l133.cast(),
																len135,
																len135,
															);
															_rt::string_lift(bytes135)
														};
														V142::NotFound(e142)
													}
													4 => {
														let e142 = {
															let l136 = *base
																.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																.cast::<*mut u8>();
															let l137 = *base
																.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																.cast::<usize>();
															let len138 = l137;
															let bytes138 = _rt::Vec::from_raw_parts(
																l136.cast(),
																len138,
																len138,
															);
															_rt::string_lift(bytes138)
														};
														V142::Invalid(e142)
													}
													5 => V142::Busy,
													n => {
														debug_assert_eq!(n, 6, "invalid enum discriminant");
														let e142 = {
															let l139 = *base
																.add(40 + 1 * ::core::mem::size_of::<*const u8>())
																.cast::<*mut u8>();
															let l140 = *base
																.add(40 + 2 * ::core::mem::size_of::<*const u8>())
																.cast::<usize>();
															let len141 = l140;
															let bytes141 = _rt::Vec::from_raw_parts(
																l139.cast(),
																len141,
																len141,
															);
															_rt::string_lift(bytes141)
														};
														V142::Unavailable(e142)
													}
												};
												(l128 as u64, v142)
											};
											Body::Refused(e143)
										}
									};
									Input {
										seq: l0 as u64,
										at_ms: l1 as u64,
										seed: l2 as u64,
										body: v143,
									}
								};
								result144.push(e144);
							}
							_rt::cabi_dealloc(
								base144,
								len144 * (40 + 22 * ::core::mem::size_of::<*const u8>()),
								8,
							);
							T_::handle(result144)
						};
						let ptr146 = (&raw mut _RET_AREA.0).cast::<u8>();
						let vec210 = result145;
						let len210 = vec210.len();
						let layout210 = _rt::alloc::Layout::from_size_align(
								vec210.len()
									* (16 + 20 * ::core::mem::size_of::<*const u8>()),
								8,
							)
							.unwrap();
						let (result210, _cleanup210) = crate::abi::Cleanup::new(
							layout210,
						);
						if let Some(cleanup) = _cleanup210 {
							cleanup.forget();
						}
						for (i, e) in vec210.into_iter().enumerate() {
							let base = result210
								.add(i * (16 + 20 * ::core::mem::size_of::<*const u8>()));
							{
								let Action { id: id147, act: act147 } = e;
								*base.add(0).cast::<i64>() = _rt::as_i64(id147);
								match act147 {
									Act::Step(e) => {
										*base.add(8).cast::<u8>() = (0i32) as u8;
										let StepAct { step: step148, operation: operation148 } = e;
										*base.add(16).cast::<i64>() = _rt::as_i64(step148);
										use super::super::super::super::cordboard::module::operations::Operation as V175;
										match operation148 {
											V175::Answer => {
												*base.add(24).cast::<u8>() = (0i32) as u8;
											}
											V175::Play(e) => {
												*base.add(24).cast::<u8>() = (1i32) as u8;
												let super::super::super::super::cordboard::module::operations::Play {
													prompts: prompts149,
													early: early149,
													repeat_ms: repeat_ms149,
												} = e;
												let vec151 = prompts149;
												let len151 = vec151.len();
												let layout151 = _rt::alloc::Layout::from_size_align(
														vec151.len() * (2 * ::core::mem::size_of::<*const u8>()),
														::core::mem::size_of::<*const u8>(),
													)
													.unwrap();
												let (result151, _cleanup151) = crate::abi::Cleanup::new(
													layout151,
												);
												if let Some(cleanup) = _cleanup151 {
													cleanup.forget();
												}
												for (i, e) in vec151.into_iter().enumerate() {
													let base = result151
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let vec150 = (e.into_bytes()).into_boxed_slice();
														let ptr150 = vec150.as_ptr().cast::<u8>();
														let len150 = vec150.len();
														::core::mem::forget(vec150);
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len150;
														*base.add(0).cast::<*mut u8>() = ptr150.cast_mut();
													}
												}
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len151;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = result151;
												*base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (match early149 {
													true => 1,
													false => 0,
												}) as u8;
												match repeat_ms149 {
													Some(e) => {
														*base
															.add(28 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														*base
															.add(32 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<i32>() = _rt::as_i32(e);
													}
													None => {
														*base
															.add(28 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
											}
											V175::Tone(e) => {
												*base.add(24).cast::<u8>() = (2i32) as u8;
												let (t152_0, t152_1) = e;
												let vec153 = (t152_0.into_bytes()).into_boxed_slice();
												let ptr153 = vec153.as_ptr().cast::<u8>();
												let len153 = vec153.len();
												::core::mem::forget(vec153);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len153;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr153.cast_mut();
												*base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(t152_1);
											}
											V175::Wait(e) => {
												*base.add(24).cast::<u8>() = (3i32) as u8;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(e);
											}
											V175::Collect(e) => {
												*base.add(24).cast::<u8>() = (4i32) as u8;
												let super::super::super::super::cordboard::module::operations::Collect {
													prompts: prompts154,
													min: min154,
													max: max154,
													timeout_ms: timeout_ms154,
													between_ms: between_ms154,
													ends_with: ends_with154,
													secret: secret154,
													tries: tries154,
													invalid: invalid154,
												} = e;
												let vec156 = prompts154;
												let len156 = vec156.len();
												let layout156 = _rt::alloc::Layout::from_size_align(
														vec156.len() * (2 * ::core::mem::size_of::<*const u8>()),
														::core::mem::size_of::<*const u8>(),
													)
													.unwrap();
												let (result156, _cleanup156) = crate::abi::Cleanup::new(
													layout156,
												);
												if let Some(cleanup) = _cleanup156 {
													cleanup.forget();
												}
												for (i, e) in vec156.into_iter().enumerate() {
													let base = result156
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let vec155 = (e.into_bytes()).into_boxed_slice();
														let ptr155 = vec155.as_ptr().cast::<u8>();
														let len155 = vec155.len();
														::core::mem::forget(vec155);
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len155;
														*base.add(0).cast::<*mut u8>() = ptr155.cast_mut();
													}
												}
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len156;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = result156;
												*base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (_rt::as_i32(min154)) as u8;
												*base
													.add(25 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (_rt::as_i32(max154)) as u8;
												*base
													.add(28 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(timeout_ms154);
												*base
													.add(32 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(between_ms154);
												match ends_with154 {
													Some(e) => {
														*base
															.add(32 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec157 = (e.into_bytes()).into_boxed_slice();
														let ptr157 = vec157.as_ptr().cast::<u8>();
														let len157 = vec157.len();
														::core::mem::forget(vec157);
														*base
															.add(32 + 6 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len157;
														*base
															.add(32 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr157.cast_mut();
													}
													None => {
														*base
															.add(32 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
												*base
													.add(32 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (match secret154 {
													true => 1,
													false => 0,
												}) as u8;
												*base
													.add(33 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (_rt::as_i32(tries154)) as u8;
												let vec159 = invalid154;
												let len159 = vec159.len();
												let layout159 = _rt::alloc::Layout::from_size_align(
														vec159.len() * (2 * ::core::mem::size_of::<*const u8>()),
														::core::mem::size_of::<*const u8>(),
													)
													.unwrap();
												let (result159, _cleanup159) = crate::abi::Cleanup::new(
													layout159,
												);
												if let Some(cleanup) = _cleanup159 {
													cleanup.forget();
												}
												for (i, e) in vec159.into_iter().enumerate() {
													let base = result159
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let vec158 = (e.into_bytes()).into_boxed_slice();
														let ptr158 = vec158.as_ptr().cast::<u8>();
														let len158 = vec158.len();
														::core::mem::forget(vec158);
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len158;
														*base.add(0).cast::<*mut u8>() = ptr158.cast_mut();
													}
												}
												*base
													.add(32 + 9 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len159;
												*base
													.add(32 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = result159;
											}
											V175::Ring(e) => {
												*base.add(24).cast::<u8>() = (5i32) as u8;
												let super::super::super::super::cordboard::module::operations::Ring {
													users: users160,
													in_turn: in_turn160,
													timeout_ms: timeout_ms160,
													music: music160,
												} = e;
												let vec162 = users160;
												let len162 = vec162.len();
												let layout162 = _rt::alloc::Layout::from_size_align(
														vec162.len() * (2 * ::core::mem::size_of::<*const u8>()),
														::core::mem::size_of::<*const u8>(),
													)
													.unwrap();
												let (result162, _cleanup162) = crate::abi::Cleanup::new(
													layout162,
												);
												if let Some(cleanup) = _cleanup162 {
													cleanup.forget();
												}
												for (i, e) in vec162.into_iter().enumerate() {
													let base = result162
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let vec161 = (e.into_bytes()).into_boxed_slice();
														let ptr161 = vec161.as_ptr().cast::<u8>();
														let len161 = vec161.len();
														::core::mem::forget(vec161);
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len161;
														*base.add(0).cast::<*mut u8>() = ptr161.cast_mut();
													}
												}
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len162;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = result162;
												*base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (match in_turn160 {
													true => 1,
													false => 0,
												}) as u8;
												*base
													.add(28 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(timeout_ms160);
												match music160 {
													Some(e) => {
														*base
															.add(32 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec163 = (e.into_bytes()).into_boxed_slice();
														let ptr163 = vec163.as_ptr().cast::<u8>();
														let len163 = vec163.len();
														::core::mem::forget(vec163);
														*base
															.add(32 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len163;
														*base
															.add(32 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr163.cast_mut();
													}
													None => {
														*base
															.add(32 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
											}
											V175::Trunk(e) => {
												*base.add(24).cast::<u8>() = (6i32) as u8;
												let super::super::super::super::cordboard::module::operations::Trunk {
													trunks: trunks164,
													number: number164,
													timeout_ms: timeout_ms164,
													caller_id: caller_id164,
												} = e;
												let vec166 = trunks164;
												let len166 = vec166.len();
												let layout166 = _rt::alloc::Layout::from_size_align(
														vec166.len() * (2 * ::core::mem::size_of::<*const u8>()),
														::core::mem::size_of::<*const u8>(),
													)
													.unwrap();
												let (result166, _cleanup166) = crate::abi::Cleanup::new(
													layout166,
												);
												if let Some(cleanup) = _cleanup166 {
													cleanup.forget();
												}
												for (i, e) in vec166.into_iter().enumerate() {
													let base = result166
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let vec165 = (e.into_bytes()).into_boxed_slice();
														let ptr165 = vec165.as_ptr().cast::<u8>();
														let len165 = vec165.len();
														::core::mem::forget(vec165);
														*base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len165;
														*base.add(0).cast::<*mut u8>() = ptr165.cast_mut();
													}
												}
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len166;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = result166;
												match number164 {
													Some(e) => {
														*base
															.add(24 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec167 = (e.into_bytes()).into_boxed_slice();
														let ptr167 = vec167.as_ptr().cast::<u8>();
														let len167 = vec167.len();
														::core::mem::forget(vec167);
														*base
															.add(24 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len167;
														*base
															.add(24 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr167.cast_mut();
													}
													None => {
														*base
															.add(24 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
												*base
													.add(24 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<i32>() = _rt::as_i32(timeout_ms164);
												match caller_id164 {
													Some(e) => {
														*base
															.add(24 + 7 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec168 = (e.into_bytes()).into_boxed_slice();
														let ptr168 = vec168.as_ptr().cast::<u8>();
														let len168 = vec168.len();
														::core::mem::forget(vec168);
														*base
															.add(24 + 9 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len168;
														*base
															.add(24 + 8 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr168.cast_mut();
													}
													None => {
														*base
															.add(24 + 7 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
											}
											V175::Record(e) => {
												*base.add(24).cast::<u8>() = (7i32) as u8;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (match e {
													true => 1,
													false => 0,
												}) as u8;
											}
											V175::Set(e) => {
												*base.add(24).cast::<u8>() = (8i32) as u8;
												let (t169_0, t169_1) = e;
												let vec170 = (t169_0.into_bytes()).into_boxed_slice();
												let ptr170 = vec170.as_ptr().cast::<u8>();
												let len170 = vec170.len();
												::core::mem::forget(vec170);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len170;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr170.cast_mut();
												let vec171 = (t169_1.into_bytes()).into_boxed_slice();
												let ptr171 = vec171.as_ptr().cast::<u8>();
												let len171 = vec171.len();
												::core::mem::forget(vec171);
												*base
													.add(24 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len171;
												*base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr171.cast_mut();
											}
											V175::Get(e) => {
												*base.add(24).cast::<u8>() = (9i32) as u8;
												let vec172 = (e.into_bytes()).into_boxed_slice();
												let ptr172 = vec172.as_ptr().cast::<u8>();
												let len172 = vec172.len();
												::core::mem::forget(vec172);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len172;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr172.cast_mut();
											}
											V175::SendDigits(e) => {
												*base.add(24).cast::<u8>() = (10i32) as u8;
												let vec173 = (e.into_bytes()).into_boxed_slice();
												let ptr173 = vec173.as_ptr().cast::<u8>();
												let len173 = vec173.len();
												::core::mem::forget(vec173);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len173;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr173.cast_mut();
											}
											V175::HangUp(e) => {
												*base.add(24).cast::<u8>() = (11i32) as u8;
												match e {
													Some(e) => {
														*base
															.add(24 + 1 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (1i32) as u8;
														let vec174 = (e.into_bytes()).into_boxed_slice();
														let ptr174 = vec174.as_ptr().cast::<u8>();
														let len174 = vec174.len();
														::core::mem::forget(vec174);
														*base
															.add(24 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>() = len174;
														*base
															.add(24 + 2 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>() = ptr174.cast_mut();
													}
													None => {
														*base
															.add(24 + 1 * ::core::mem::size_of::<*const u8>())
															.cast::<u8>() = (0i32) as u8;
													}
												};
											}
										}
									}
									Act::EndStep(e) => {
										*base.add(8).cast::<u8>() = (1i32) as u8;
										let StepEnd { step: step176, outcome: outcome176 } = e;
										*base.add(16).cast::<i64>() = _rt::as_i64(step176);
										let vec177 = (outcome176.into_bytes()).into_boxed_slice();
										let ptr177 = vec177.as_ptr().cast::<u8>();
										let len177 = vec177.len();
										::core::mem::forget(vec177);
										*base
											.add(24 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len177;
										*base.add(24).cast::<*mut u8>() = ptr177.cast_mut();
									}
									Act::Publish(e) => {
										*base.add(8).cast::<u8>() = (2i32) as u8;
										let (t178_0, t178_1) = e;
										let vec179 = (t178_0.into_bytes()).into_boxed_slice();
										let ptr179 = vec179.as_ptr().cast::<u8>();
										let len179 = vec179.len();
										::core::mem::forget(vec179);
										*base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len179;
										*base.add(16).cast::<*mut u8>() = ptr179.cast_mut();
										let vec180 = (t178_1.into_bytes()).into_boxed_slice();
										let ptr180 = vec180.as_ptr().cast::<u8>();
										let len180 = vec180.len();
										::core::mem::forget(vec180);
										*base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len180;
										*base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr180.cast_mut();
									}
									Act::Retain(e) => {
										*base.add(8).cast::<u8>() = (3i32) as u8;
										let Fact {
											topic: topic181,
											key: key181,
											payload: payload181,
										} = e;
										let vec182 = (topic181.into_bytes()).into_boxed_slice();
										let ptr182 = vec182.as_ptr().cast::<u8>();
										let len182 = vec182.len();
										::core::mem::forget(vec182);
										*base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len182;
										*base.add(16).cast::<*mut u8>() = ptr182.cast_mut();
										let vec183 = (key181.into_bytes()).into_boxed_slice();
										let ptr183 = vec183.as_ptr().cast::<u8>();
										let len183 = vec183.len();
										::core::mem::forget(vec183);
										*base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len183;
										*base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr183.cast_mut();
										match payload181 {
											Some(e) => {
												*base
													.add(16 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec184 = (e.into_bytes()).into_boxed_slice();
												let ptr184 = vec184.as_ptr().cast::<u8>();
												let len184 = vec184.len();
												::core::mem::forget(vec184);
												*base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len184;
												*base
													.add(16 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr184.cast_mut();
											}
											None => {
												*base
													.add(16 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
									}
									Act::SetTimer(e) => {
										*base.add(8).cast::<u8>() = (4i32) as u8;
										let (t185_0, t185_1) = e;
										let vec186 = (t185_0.into_bytes()).into_boxed_slice();
										let ptr186 = vec186.as_ptr().cast::<u8>();
										let len186 = vec186.len();
										::core::mem::forget(vec186);
										*base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len186;
										*base.add(16).cast::<*mut u8>() = ptr186.cast_mut();
										*base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<i64>() = _rt::as_i64(t185_1);
									}
									Act::ClearTimer(e) => {
										*base.add(8).cast::<u8>() = (5i32) as u8;
										let vec187 = (e.into_bytes()).into_boxed_slice();
										let ptr187 = vec187.as_ptr().cast::<u8>();
										let len187 = vec187.len();
										::core::mem::forget(vec187);
										*base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len187;
										*base.add(16).cast::<*mut u8>() = ptr187.cast_mut();
									}
									Act::StartCall(e) => {
										*base.add(8).cast::<u8>() = (6i32) as u8;
										let StartCall {
											user: user188,
											trunk: trunk188,
											number: number188,
											route: route188,
											caller_id: caller_id188,
											timeout_ms: timeout_ms188,
											variables: variables188,
											key: key188,
										} = e;
										match user188 {
											Some(e) => {
												*base.add(16).cast::<u8>() = (1i32) as u8;
												let vec189 = (e.into_bytes()).into_boxed_slice();
												let ptr189 = vec189.as_ptr().cast::<u8>();
												let len189 = vec189.len();
												::core::mem::forget(vec189);
												*base
													.add(16 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len189;
												*base
													.add(16 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr189.cast_mut();
											}
											None => {
												*base.add(16).cast::<u8>() = (0i32) as u8;
											}
										};
										match trunk188 {
											Some(e) => {
												*base
													.add(16 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec190 = (e.into_bytes()).into_boxed_slice();
												let ptr190 = vec190.as_ptr().cast::<u8>();
												let len190 = vec190.len();
												::core::mem::forget(vec190);
												*base
													.add(16 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len190;
												*base
													.add(16 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr190.cast_mut();
											}
											None => {
												*base
													.add(16 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
										match number188 {
											Some(e) => {
												*base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec191 = (e.into_bytes()).into_boxed_slice();
												let ptr191 = vec191.as_ptr().cast::<u8>();
												let len191 = vec191.len();
												::core::mem::forget(vec191);
												*base
													.add(16 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len191;
												*base
													.add(16 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr191.cast_mut();
											}
											None => {
												*base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
										let vec192 = (route188.into_bytes()).into_boxed_slice();
										let ptr192 = vec192.as_ptr().cast::<u8>();
										let len192 = vec192.len();
										::core::mem::forget(vec192);
										*base
											.add(16 + 10 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len192;
										*base
											.add(16 + 9 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr192.cast_mut();
										match caller_id188 {
											Some(e) => {
												*base
													.add(16 + 11 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec193 = (e.into_bytes()).into_boxed_slice();
												let ptr193 = vec193.as_ptr().cast::<u8>();
												let len193 = vec193.len();
												::core::mem::forget(vec193);
												*base
													.add(16 + 13 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len193;
												*base
													.add(16 + 12 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr193.cast_mut();
											}
											None => {
												*base
													.add(16 + 11 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
										*base
											.add(16 + 14 * ::core::mem::size_of::<*const u8>())
											.cast::<i32>() = _rt::as_i32(timeout_ms188);
										let vec197 = variables188;
										let len197 = vec197.len();
										let layout197 = _rt::alloc::Layout::from_size_align(
												vec197.len() * (4 * ::core::mem::size_of::<*const u8>()),
												::core::mem::size_of::<*const u8>(),
											)
											.unwrap();
										let (result197, _cleanup197) = crate::abi::Cleanup::new(
											layout197,
										);
										if let Some(cleanup) = _cleanup197 {
											cleanup.forget();
										}
										for (i, e) in vec197.into_iter().enumerate() {
											let base = result197
												.add(i * (4 * ::core::mem::size_of::<*const u8>()));
											{
												let (t194_0, t194_1) = e;
												let vec195 = (t194_0.into_bytes()).into_boxed_slice();
												let ptr195 = vec195.as_ptr().cast::<u8>();
												let len195 = vec195.len();
												::core::mem::forget(vec195);
												*base
													.add(::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len195;
												*base.add(0).cast::<*mut u8>() = ptr195.cast_mut();
												let vec196 = (t194_1.into_bytes()).into_boxed_slice();
												let ptr196 = vec196.as_ptr().cast::<u8>();
												let len196 = vec196.len();
												::core::mem::forget(vec196);
												*base
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len196;
												*base
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr196.cast_mut();
											}
										}
										*base
											.add(16 + 16 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len197;
										*base
											.add(16 + 15 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = result197;
										match key188 {
											Some(e) => {
												*base
													.add(16 + 17 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec198 = (e.into_bytes()).into_boxed_slice();
												let ptr198 = vec198.as_ptr().cast::<u8>();
												let len198 = vec198.len();
												::core::mem::forget(vec198);
												*base
													.add(16 + 19 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len198;
												*base
													.add(16 + 18 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr198.cast_mut();
											}
											None => {
												*base
													.add(16 + 17 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
									}
									Act::Reply(e) => {
										*base.add(8).cast::<u8>() = (7i32) as u8;
										let (t199_0, t199_1) = e;
										*base.add(16).cast::<i64>() = _rt::as_i64(t199_0);
										match t199_1 {
											Ok(e) => {
												*base.add(24).cast::<u8>() = (0i32) as u8;
												let vec200 = (e.into_bytes()).into_boxed_slice();
												let ptr200 = vec200.as_ptr().cast::<u8>();
												let len200 = vec200.len();
												::core::mem::forget(vec200);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len200;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr200.cast_mut();
											}
											Err(e) => {
												*base.add(24).cast::<u8>() = (1i32) as u8;
												let vec201 = (e.into_bytes()).into_boxed_slice();
												let ptr201 = vec201.as_ptr().cast::<u8>();
												let len201 = vec201.len();
												::core::mem::forget(vec201);
												*base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len201;
												*base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr201.cast_mut();
											}
										};
									}
									Act::Http(e) => {
										*base.add(8).cast::<u8>() = (8i32) as u8;
										let HttpSend {
											method: method202,
											url: url202,
											headers: headers202,
											body: body202,
											timeout_ms: timeout_ms202,
										} = e;
										let vec203 = (method202.into_bytes()).into_boxed_slice();
										let ptr203 = vec203.as_ptr().cast::<u8>();
										let len203 = vec203.len();
										::core::mem::forget(vec203);
										*base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len203;
										*base.add(16).cast::<*mut u8>() = ptr203.cast_mut();
										let vec204 = (url202.into_bytes()).into_boxed_slice();
										let ptr204 = vec204.as_ptr().cast::<u8>();
										let len204 = vec204.len();
										::core::mem::forget(vec204);
										*base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len204;
										*base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr204.cast_mut();
										let vec208 = headers202;
										let len208 = vec208.len();
										let layout208 = _rt::alloc::Layout::from_size_align(
												vec208.len() * (4 * ::core::mem::size_of::<*const u8>()),
												::core::mem::size_of::<*const u8>(),
											)
											.unwrap();
										let (result208, _cleanup208) = crate::abi::Cleanup::new(
											layout208,
										);
										if let Some(cleanup) = _cleanup208 {
											cleanup.forget();
										}
										for (i, e) in vec208.into_iter().enumerate() {
											let base = result208
												.add(i * (4 * ::core::mem::size_of::<*const u8>()));
											{
												let (t205_0, t205_1) = e;
												let vec206 = (t205_0.into_bytes()).into_boxed_slice();
												let ptr206 = vec206.as_ptr().cast::<u8>();
												let len206 = vec206.len();
												::core::mem::forget(vec206);
												*base
													.add(::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len206;
												*base.add(0).cast::<*mut u8>() = ptr206.cast_mut();
												let vec207 = (t205_1.into_bytes()).into_boxed_slice();
												let ptr207 = vec207.as_ptr().cast::<u8>();
												let len207 = vec207.len();
												::core::mem::forget(vec207);
												*base
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len207;
												*base
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr207.cast_mut();
											}
										}
										*base
											.add(16 + 5 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len208;
										*base
											.add(16 + 4 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = result208;
										match body202 {
											Some(e) => {
												*base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (1i32) as u8;
												let vec209 = (e.into_bytes()).into_boxed_slice();
												let ptr209 = vec209.as_ptr().cast::<u8>();
												let len209 = vec209.len();
												::core::mem::forget(vec209);
												*base
													.add(16 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>() = len209;
												*base
													.add(16 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>() = ptr209.cast_mut();
											}
											None => {
												*base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<u8>() = (0i32) as u8;
											}
										};
										*base
											.add(16 + 9 * ::core::mem::size_of::<*const u8>())
											.cast::<i32>() = _rt::as_i32(timeout_ms202);
									}
								}
							}
						}
						*ptr146
							.add(::core::mem::size_of::<*const u8>())
							.cast::<usize>() = len210;
						*ptr146.add(0).cast::<*mut u8>() = result210;
						ptr146
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_handle<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = *arg0.add(0).cast::<*mut u8>();
						let l1 = *arg0
							.add(::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let base114 = l0;
						let len114 = l1;
						for i in 0..len114 {
							let base = base114
								.add(i * (16 + 20 * ::core::mem::size_of::<*const u8>()));
							{
								let l2 = i32::from(*base.add(8).cast::<u8>());
								match l2 {
									0 => {
										let l3 = i32::from(*base.add(24).cast::<u8>());
										match l3 {
											0 => {}
											1 => {
												let l4 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l5 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base8 = l4;
												let len8 = l5;
												for i in 0..len8 {
													let base = base8
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let l6 = *base.add(0).cast::<*mut u8>();
														let l7 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l6, l7, 1);
													}
												}
												_rt::cabi_dealloc(
													base8,
													len8 * (2 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
											}
											2 => {
												let l9 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l10 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l9, l10, 1);
											}
											3 => {}
											4 => {
												let l11 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l12 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base15 = l11;
												let len15 = l12;
												for i in 0..len15 {
													let base = base15
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let l13 = *base.add(0).cast::<*mut u8>();
														let l14 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l13, l14, 1);
													}
												}
												_rt::cabi_dealloc(
													base15,
													len15 * (2 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
												let l16 = i32::from(
													*base
														.add(32 + 4 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l16 {
													0 => {}
													_ => {
														let l17 = *base
															.add(32 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l18 = *base
															.add(32 + 6 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l17, l18, 1);
													}
												}
												let l19 = *base
													.add(32 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l20 = *base
													.add(32 + 9 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base23 = l19;
												let len23 = l20;
												for i in 0..len23 {
													let base = base23
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let l21 = *base.add(0).cast::<*mut u8>();
														let l22 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l21, l22, 1);
													}
												}
												_rt::cabi_dealloc(
													base23,
													len23 * (2 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
											}
											5 => {
												let l24 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l25 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base28 = l24;
												let len28 = l25;
												for i in 0..len28 {
													let base = base28
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let l26 = *base.add(0).cast::<*mut u8>();
														let l27 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l26, l27, 1);
													}
												}
												_rt::cabi_dealloc(
													base28,
													len28 * (2 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
												let l29 = i32::from(
													*base
														.add(32 + 3 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l29 {
													0 => {}
													_ => {
														let l30 = *base
															.add(32 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l31 = *base
															.add(32 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l30, l31, 1);
													}
												}
											}
											6 => {
												let l32 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l33 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												let base36 = l32;
												let len36 = l33;
												for i in 0..len36 {
													let base = base36
														.add(i * (2 * ::core::mem::size_of::<*const u8>()));
													{
														let l34 = *base.add(0).cast::<*mut u8>();
														let l35 = *base
															.add(::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l34, l35, 1);
													}
												}
												_rt::cabi_dealloc(
													base36,
													len36 * (2 * ::core::mem::size_of::<*const u8>()),
													::core::mem::size_of::<*const u8>(),
												);
												let l37 = i32::from(
													*base
														.add(24 + 3 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l37 {
													0 => {}
													_ => {
														let l38 = *base
															.add(24 + 4 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l39 = *base
															.add(24 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l38, l39, 1);
													}
												}
												let l40 = i32::from(
													*base
														.add(24 + 7 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l40 {
													0 => {}
													_ => {
														let l41 = *base
															.add(24 + 8 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l42 = *base
															.add(24 + 9 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l41, l42, 1);
													}
												}
											}
											7 => {}
											8 => {
												let l43 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l44 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l43, l44, 1);
												let l45 = *base
													.add(24 + 3 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l46 = *base
													.add(24 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l45, l46, 1);
											}
											9 => {
												let l47 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l48 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l47, l48, 1);
											}
											10 => {
												let l49 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l50 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l49, l50, 1);
											}
											_ => {
												let l51 = i32::from(
													*base
														.add(24 + 1 * ::core::mem::size_of::<*const u8>())
														.cast::<u8>(),
												);
												match l51 {
													0 => {}
													_ => {
														let l52 = *base
															.add(24 + 2 * ::core::mem::size_of::<*const u8>())
															.cast::<*mut u8>();
														let l53 = *base
															.add(24 + 3 * ::core::mem::size_of::<*const u8>())
															.cast::<usize>();
														_rt::cabi_dealloc(l52, l53, 1);
													}
												}
											}
										}
									}
									1 => {
										let l54 = *base.add(24).cast::<*mut u8>();
										let l55 = *base
											.add(24 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l54, l55, 1);
									}
									2 => {
										let l56 = *base.add(16).cast::<*mut u8>();
										let l57 = *base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l56, l57, 1);
										let l58 = *base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l59 = *base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l58, l59, 1);
									}
									3 => {
										let l60 = *base.add(16).cast::<*mut u8>();
										let l61 = *base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l60, l61, 1);
										let l62 = *base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l63 = *base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l62, l63, 1);
										let l64 = i32::from(
											*base
												.add(16 + 4 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l64 {
											0 => {}
											_ => {
												let l65 = *base
													.add(16 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l66 = *base
													.add(16 + 6 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l65, l66, 1);
											}
										}
									}
									4 => {
										let l67 = *base.add(16).cast::<*mut u8>();
										let l68 = *base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l67, l68, 1);
									}
									5 => {
										let l69 = *base.add(16).cast::<*mut u8>();
										let l70 = *base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l69, l70, 1);
									}
									6 => {
										let l71 = i32::from(*base.add(16).cast::<u8>());
										match l71 {
											0 => {}
											_ => {
												let l72 = *base
													.add(16 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l73 = *base
													.add(16 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l72, l73, 1);
											}
										}
										let l74 = i32::from(
											*base
												.add(16 + 3 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l74 {
											0 => {}
											_ => {
												let l75 = *base
													.add(16 + 4 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l76 = *base
													.add(16 + 5 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l75, l76, 1);
											}
										}
										let l77 = i32::from(
											*base
												.add(16 + 6 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l77 {
											0 => {}
											_ => {
												let l78 = *base
													.add(16 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l79 = *base
													.add(16 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l78, l79, 1);
											}
										}
										let l80 = *base
											.add(16 + 9 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l81 = *base
											.add(16 + 10 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l80, l81, 1);
										let l82 = i32::from(
											*base
												.add(16 + 11 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l82 {
											0 => {}
											_ => {
												let l83 = *base
													.add(16 + 12 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l84 = *base
													.add(16 + 13 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l83, l84, 1);
											}
										}
										let l85 = *base
											.add(16 + 15 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l86 = *base
											.add(16 + 16 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										let base91 = l85;
										let len91 = l86;
										for i in 0..len91 {
											let base = base91
												.add(i * (4 * ::core::mem::size_of::<*const u8>()));
											{
												let l87 = *base.add(0).cast::<*mut u8>();
												let l88 = *base
													.add(::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l87, l88, 1);
												let l89 = *base
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l90 = *base
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l89, l90, 1);
											}
										}
										_rt::cabi_dealloc(
											base91,
											len91 * (4 * ::core::mem::size_of::<*const u8>()),
											::core::mem::size_of::<*const u8>(),
										);
										let l92 = i32::from(
											*base
												.add(16 + 17 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l92 {
											0 => {}
											_ => {
												let l93 = *base
													.add(16 + 18 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l94 = *base
													.add(16 + 19 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l93, l94, 1);
											}
										}
									}
									7 => {
										let l95 = i32::from(*base.add(24).cast::<u8>());
										match l95 {
											0 => {
												let l96 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l97 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l96, l97, 1);
											}
											_ => {
												let l98 = *base
													.add(24 + 1 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l99 = *base
													.add(24 + 2 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l98, l99, 1);
											}
										}
									}
									_ => {
										let l100 = *base.add(16).cast::<*mut u8>();
										let l101 = *base
											.add(16 + 1 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l100, l101, 1);
										let l102 = *base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l103 = *base
											.add(16 + 3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l102, l103, 1);
										let l104 = *base
											.add(16 + 4 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l105 = *base
											.add(16 + 5 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										let base110 = l104;
										let len110 = l105;
										for i in 0..len110 {
											let base = base110
												.add(i * (4 * ::core::mem::size_of::<*const u8>()));
											{
												let l106 = *base.add(0).cast::<*mut u8>();
												let l107 = *base
													.add(::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l106, l107, 1);
												let l108 = *base
													.add(2 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l109 = *base
													.add(3 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l108, l109, 1);
											}
										}
										_rt::cabi_dealloc(
											base110,
											len110 * (4 * ::core::mem::size_of::<*const u8>()),
											::core::mem::size_of::<*const u8>(),
										);
										let l111 = i32::from(
											*base
												.add(16 + 6 * ::core::mem::size_of::<*const u8>())
												.cast::<u8>(),
										);
										match l111 {
											0 => {}
											_ => {
												let l112 = *base
													.add(16 + 7 * ::core::mem::size_of::<*const u8>())
													.cast::<*mut u8>();
												let l113 = *base
													.add(16 + 8 * ::core::mem::size_of::<*const u8>())
													.cast::<usize>();
												_rt::cabi_dealloc(l112, l113, 1);
											}
										}
									}
								}
							}
						}
						_rt::cabi_dealloc(
							base114,
							len114 * (16 + 20 * ::core::mem::size_of::<*const u8>()),
							8,
						);
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_save_cabi<T_: Guest>() -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result0 = { T_::save() };
						let ptr1 = (&raw mut _RET_AREA.0).cast::<u8>();
						let vec2 = <_ as Into<_rt::Vec<_>>>::into(result0)
							.into_boxed_slice();
						let ptr2 = vec2.as_ptr().cast::<u8>();
						let len2 = vec2.len();
						::core::mem::forget(vec2);
						*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<usize>() = len2;
						*ptr1.add(0).cast::<*mut u8>() = ptr2.cast_mut();
						ptr1
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_save<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = *arg0.add(0).cast::<*mut u8>();
						let l1 = *arg0
							.add(::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let base2 = l0;
						let len2 = l1;
						_rt::cabi_dealloc(base2, len2 * 1, 1);
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_restore_cabi<T_: Guest>(
					arg0: i32,
					arg1: *mut u8,
					arg2: usize,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result1 = {
							let len0 = arg2;
							T_::restore(
								arg0 as u32,
								<_ as From<
									_rt::Vec<_>,
								>>::from(_rt::Vec::from_raw_parts(arg1.cast(), len0, len0)),
							)
						};
						let ptr2 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result1 {
							Ok(_) => {
								*ptr2.add(0).cast::<u8>() = (0i32) as u8;
							}
							Err(e) => {
								*ptr2.add(0).cast::<u8>() = (1i32) as u8;
								let vec3 = (e.into_bytes()).into_boxed_slice();
								let ptr3 = vec3.as_ptr().cast::<u8>();
								let len3 = vec3.len();
								::core::mem::forget(vec3);
								*ptr2
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len3;
								*ptr2
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr3.cast_mut();
							}
						};
						ptr2
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_restore<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {}
							_ => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								_rt::cabi_dealloc(l1, l2, 1);
							}
						}
					}
				}
				pub trait Guest {
					/// Takes inputs in their order and gives actions in theirs.
					#[allow(async_fn_in_trait)]
					fn handle(inputs: _rt::Vec<Input>) -> _rt::Vec<Action>;
					/// The whole state, at most 16 MiB.
					#[allow(async_fn_in_trait)]
					fn save() -> _rt::Vec<u8>;
					/// Takes a state of this version or an older one; an error keeps the generation that is there.
					#[allow(async_fn_in_trait)]
					fn restore(
						version: u32,
						state: _rt::Vec<u8>,
					) -> ::core::result::Result<(), _rt::String>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_serving_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/serving@0.1.0#handle")] unsafe extern "C" fn
						export_handle(arg0 : * mut u8, arg1 : usize,) -> * mut u8 {
						unsafe { $($path_to_types)*:: _export_handle_cabi::<$ty > (arg0,
						arg1) } } #[unsafe (export_name =
						"cabi_post_cordboard:module/serving@0.1.0#handle")] unsafe extern
						"C" fn _post_return_handle(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_handle::<$ty > (arg0) } }
						#[unsafe (export_name = "cordboard:module/serving@0.1.0#save")]
						unsafe extern "C" fn export_save() -> * mut u8 { unsafe {
						$($path_to_types)*:: _export_save_cabi::<$ty > () } } #[unsafe
						(export_name = "cabi_post_cordboard:module/serving@0.1.0#save")]
						unsafe extern "C" fn _post_return_save(arg0 : * mut u8,) { unsafe
						{ $($path_to_types)*:: __post_return_save::<$ty > (arg0) } }
						#[unsafe (export_name =
						"cordboard:module/serving@0.1.0#restore")] unsafe extern "C" fn
						export_restore(arg0 : i32, arg1 : * mut u8, arg2 : usize,) -> *
						mut u8 { unsafe { $($path_to_types)*:: _export_restore_cabi::<$ty
						> (arg0, arg1, arg2) } } #[unsafe (export_name =
						"cabi_post_cordboard:module/serving@0.1.0#restore")] unsafe
						extern "C" fn _post_return_restore(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_restore::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_serving_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 3 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 3
						* ::core::mem::size_of::<*const u8>()],
				);
			}
			/// A reporter: totals over the journal.
			#[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
			pub mod reporting {
				#[used]
				#[doc(hidden)]
				static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
				use super::super::super::super::_rt;
				pub type Error = super::super::super::super::cordboard::module::types::Error;
				pub type Event = super::super::super::super::cordboard::module::types::Event;
				pub type Json = super::super::super::super::cordboard::module::types::Json;
				#[derive(Clone, PartialEq)]
				pub struct Report {
					/// `application/json`, `text/csv`.
					pub media_type: _rt::String,
					pub body: _rt::Vec<u8>,
				}
				impl ::core::fmt::Debug for Report {
					fn fmt(
						&self,
						f: &mut ::core::fmt::Formatter<'_>,
					) -> ::core::fmt::Result {
						f.debug_struct("Report")
							.field("media-type", &self.media_type)
							.field("body", &self.body)
							.finish()
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_fold_cabi<T_: Guest>(arg0: *mut u8, arg1: usize) {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						{
							let base14 = arg0;
							let len14 = arg1;
							let mut result14 = _rt::Vec::with_capacity(len14);
							for i in 0..len14 {
								let base = base14
									.add(i * (16 + 8 * ::core::mem::size_of::<*const u8>()));
								let e14 = {
									let l0 = *base.add(0).cast::<i64>();
									let l1 = *base.add(8).cast::<i64>();
									let l2 = *base.add(16).cast::<*mut u8>();
									let l3 = *base
										.add(16 + 1 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len4 = l3;
									let bytes4 = _rt::Vec::from_raw_parts(
										l2.cast(),
										len4,
										len4,
									);
									let l5 = i32::from(
										*base
											.add(16 + 2 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									let l9 = i32::from(
										*base
											.add(16 + 5 * ::core::mem::size_of::<*const u8>())
											.cast::<u8>(),
									);
									let l11 = *base
										.add(16 + 6 * ::core::mem::size_of::<*const u8>())
										.cast::<*mut u8>();
									let l12 = *base
										.add(16 + 7 * ::core::mem::size_of::<*const u8>())
										.cast::<usize>();
									let len13 = l12;
									let bytes13 = _rt::Vec::from_raw_parts(
										l11.cast(),
										len13,
										len13,
									);
									super::super::super::super::cordboard::module::types::Event {
										seq: l0 as u64,
										at_ms: l1 as u64,
										topic: _rt::string_lift(bytes4),
										call: match l5 {
											0 => None,
											1 => {
												let e = {
													let l6 = *base
														.add(16 + 3 * ::core::mem::size_of::<*const u8>())
														.cast::<*mut u8>();
													let l7 = *base
														.add(16 + 4 * ::core::mem::size_of::<*const u8>())
														.cast::<usize>();
													let len8 = l7;
													let bytes8 = _rt::Vec::from_raw_parts(
														l6.cast(),
														len8,
														len8,
													);
													_rt::string_lift(bytes8)
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
										leg: match l9 {
											0 => None,
											1 => {
												let e = {
													let l10 = i32::from(
														*base
															.add(18 + 5 * ::core::mem::size_of::<*const u8>())
															.cast::<u16>(),
													);
													l10 as u16
												};
												Some(e)
											}
											_ => _rt::invalid_enum_discriminant(),
										},
										payload: _rt::string_lift(bytes13),
									}
								};
								result14.push(e14);
							}
							_rt::cabi_dealloc(
								base14,
								len14 * (16 + 8 * ::core::mem::size_of::<*const u8>()),
								8,
							);
							T_::fold(result14)
						};
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_render_cabi<T_: Guest>(
					arg0: *mut u8,
					arg1: usize,
					arg2: *mut u8,
					arg3: usize,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result2 = {
							let len0 = arg1;
							let bytes0 = _rt::Vec::from_raw_parts(
								arg0.cast(),
								len0,
								len0,
							);
							let len1 = arg3;
							let bytes1 = _rt::Vec::from_raw_parts(
								arg2.cast(),
								len1,
								len1,
							);
							T_::render(
								_rt::string_lift(bytes0),
								_rt::string_lift(bytes1),
							)
						};
						let ptr3 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result2 {
							Ok(e) => {
								*ptr3.add(0).cast::<u8>() = (0i32) as u8;
								let Report { media_type: media_type4, body: body4 } = e;
								let vec5 = (media_type4.into_bytes()).into_boxed_slice();
								let ptr5 = vec5.as_ptr().cast::<u8>();
								let len5 = vec5.len();
								::core::mem::forget(vec5);
								*ptr3
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len5;
								*ptr3
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr5.cast_mut();
								let vec6 = <_ as Into<_rt::Vec<_>>>::into(body4)
									.into_boxed_slice();
								let ptr6 = vec6.as_ptr().cast::<u8>();
								let len6 = vec6.len();
								::core::mem::forget(vec6);
								*ptr3
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len6;
								*ptr3
									.add(3 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr6.cast_mut();
							}
							Err(e) => {
								*ptr3.add(0).cast::<u8>() = (1i32) as u8;
								use super::super::super::super::cordboard::module::types::Error as V11;
								match e {
									V11::Gone => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (0i32) as u8;
									}
									V11::Timeout => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (1i32) as u8;
									}
									V11::Denied(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (2i32) as u8;
										let vec7 = (e.into_bytes()).into_boxed_slice();
										let ptr7 = vec7.as_ptr().cast::<u8>();
										let len7 = vec7.len();
										::core::mem::forget(vec7);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len7;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr7.cast_mut();
									}
									V11::NotFound(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (3i32) as u8;
										let vec8 = (e.into_bytes()).into_boxed_slice();
										let ptr8 = vec8.as_ptr().cast::<u8>();
										let len8 = vec8.len();
										::core::mem::forget(vec8);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len8;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr8.cast_mut();
									}
									V11::Invalid(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (4i32) as u8;
										let vec9 = (e.into_bytes()).into_boxed_slice();
										let ptr9 = vec9.as_ptr().cast::<u8>();
										let len9 = vec9.len();
										::core::mem::forget(vec9);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len9;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr9.cast_mut();
									}
									V11::Busy => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (5i32) as u8;
									}
									V11::Unavailable(e) => {
										*ptr3
											.add(::core::mem::size_of::<*const u8>())
											.cast::<u8>() = (6i32) as u8;
										let vec10 = (e.into_bytes()).into_boxed_slice();
										let ptr10 = vec10.as_ptr().cast::<u8>();
										let len10 = vec10.len();
										::core::mem::forget(vec10);
										*ptr3
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>() = len10;
										*ptr3
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>() = ptr10.cast_mut();
									}
								}
							}
						};
						ptr3
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_render<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								_rt::cabi_dealloc(l1, l2, 1);
								let l3 = *arg0
									.add(3 * ::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l4 = *arg0
									.add(4 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								let base5 = l3;
								let len5 = l4;
								_rt::cabi_dealloc(base5, len5 * 1, 1);
							}
							_ => {
								let l6 = i32::from(
									*arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
								);
								match l6 {
									0 => {}
									1 => {}
									2 => {
										let l7 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l8 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l7, l8, 1);
									}
									3 => {
										let l9 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l10 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l9, l10, 1);
									}
									4 => {
										let l11 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l12 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l11, l12, 1);
									}
									5 => {}
									_ => {
										let l13 = *arg0
											.add(2 * ::core::mem::size_of::<*const u8>())
											.cast::<*mut u8>();
										let l14 = *arg0
											.add(3 * ::core::mem::size_of::<*const u8>())
											.cast::<usize>();
										_rt::cabi_dealloc(l13, l14, 1);
									}
								}
							}
						}
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_save_cabi<T_: Guest>() -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result0 = { T_::save() };
						let ptr1 = (&raw mut _RET_AREA.0).cast::<u8>();
						let vec2 = <_ as Into<_rt::Vec<_>>>::into(result0)
							.into_boxed_slice();
						let ptr2 = vec2.as_ptr().cast::<u8>();
						let len2 = vec2.len();
						::core::mem::forget(vec2);
						*ptr1.add(::core::mem::size_of::<*const u8>()).cast::<usize>() = len2;
						*ptr1.add(0).cast::<*mut u8>() = ptr2.cast_mut();
						ptr1
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_save<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = *arg0.add(0).cast::<*mut u8>();
						let l1 = *arg0
							.add(::core::mem::size_of::<*const u8>())
							.cast::<usize>();
						let base2 = l0;
						let len2 = l1;
						_rt::cabi_dealloc(base2, len2 * 1, 1);
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case, unused_unsafe)]
				pub unsafe fn _export_restore_cabi<T_: Guest>(
					arg0: i32,
					arg1: *mut u8,
					arg2: usize,
				) -> *mut u8 {
					unsafe {
						#[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
						let result1 = {
							let len0 = arg2;
							T_::restore(
								arg0 as u32,
								<_ as From<
									_rt::Vec<_>,
								>>::from(_rt::Vec::from_raw_parts(arg1.cast(), len0, len0)),
							)
						};
						let ptr2 = (&raw mut _RET_AREA.0).cast::<u8>();
						match result1 {
							Ok(_) => {
								*ptr2.add(0).cast::<u8>() = (0i32) as u8;
							}
							Err(e) => {
								*ptr2.add(0).cast::<u8>() = (1i32) as u8;
								let vec3 = (e.into_bytes()).into_boxed_slice();
								let ptr3 = vec3.as_ptr().cast::<u8>();
								let len3 = vec3.len();
								::core::mem::forget(vec3);
								*ptr2
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>() = len3;
								*ptr2
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>() = ptr3.cast_mut();
							}
						};
						ptr2
					}
				}
				#[doc(hidden)]
				#[allow(non_snake_case)]
				pub unsafe fn __post_return_restore<T_: Guest>(arg0: *mut u8) {
					unsafe {
						let l0 = i32::from(*arg0.add(0).cast::<u8>());
						match l0 {
							0 => {}
							_ => {
								let l1 = *arg0
									.add(::core::mem::size_of::<*const u8>())
									.cast::<*mut u8>();
								let l2 = *arg0
									.add(2 * ::core::mem::size_of::<*const u8>())
									.cast::<usize>();
								_rt::cabi_dealloc(l1, l2, 1);
							}
						}
					}
				}
				pub trait Guest {
					/// Events in the order of the journal, each once.
					#[allow(async_fn_in_trait)]
					fn fold(events: _rt::Vec<Event>) -> ();
					#[allow(async_fn_in_trait)]
					fn render(
						verb: _rt::String,
						arguments: Json,
					) -> ::core::result::Result<Report, Error>;
					#[allow(async_fn_in_trait)]
					fn save() -> _rt::Vec<u8>;
					#[allow(async_fn_in_trait)]
					fn restore(
						version: u32,
						state: _rt::Vec<u8>,
					) -> ::core::result::Result<(), _rt::String>;
				}
				#[doc(hidden)]
				#[macro_export]
				macro_rules! __export_cordboard_module_reporting_0_1_0_cabi {
					($ty:ident with_types_in $($path_to_types:tt)*) => {
						const _ : () = { #[unsafe (export_name =
						"cordboard:module/reporting@0.1.0#fold")] unsafe extern "C" fn
						export_fold(arg0 : * mut u8, arg1 : usize,) { unsafe {
						$($path_to_types)*:: _export_fold_cabi::<$ty > (arg0, arg1) } }
						#[unsafe (export_name =
						"cordboard:module/reporting@0.1.0#render")] unsafe extern "C" fn
						export_render(arg0 : * mut u8, arg1 : usize, arg2 : * mut u8,
						arg3 : usize,) -> * mut u8 { unsafe { $($path_to_types)*::
						_export_render_cabi::<$ty > (arg0, arg1, arg2, arg3) } } #[unsafe
						(export_name =
						"cabi_post_cordboard:module/reporting@0.1.0#render")] unsafe
						extern "C" fn _post_return_render(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_render::<$ty > (arg0) } }
						#[unsafe (export_name = "cordboard:module/reporting@0.1.0#save")]
						unsafe extern "C" fn export_save() -> * mut u8 { unsafe {
						$($path_to_types)*:: _export_save_cabi::<$ty > () } } #[unsafe
						(export_name =
						"cabi_post_cordboard:module/reporting@0.1.0#save")] unsafe extern
						"C" fn _post_return_save(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_save::<$ty > (arg0) } }
						#[unsafe (export_name =
						"cordboard:module/reporting@0.1.0#restore")] unsafe extern "C" fn
						export_restore(arg0 : i32, arg1 : * mut u8, arg2 : usize,) -> *
						mut u8 { unsafe { $($path_to_types)*:: _export_restore_cabi::<$ty
						> (arg0, arg1, arg2) } } #[unsafe (export_name =
						"cabi_post_cordboard:module/reporting@0.1.0#restore")] unsafe
						extern "C" fn _post_return_restore(arg0 : * mut u8,) { unsafe {
						$($path_to_types)*:: __post_return_restore::<$ty > (arg0) } } };
					};
				}
				#[doc(hidden)]
				pub use __export_cordboard_module_reporting_0_1_0_cabi;
				#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
				#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
				struct _RetArea(
					[::core::mem::MaybeUninit<
						u8,
					>; 5 * ::core::mem::size_of::<*const u8>()],
				);
				static mut _RET_AREA: _RetArea = _RetArea(
					[::core::mem::MaybeUninit::uninit(); 5
						* ::core::mem::size_of::<*const u8>()],
				);
			}
		}
	}
}
#[rustfmt::skip]
mod _rt {
	#![allow(dead_code, unused_imports, clippy::all)]
	pub use alloc_crate::string::String;
	pub use alloc_crate::vec::Vec;
	pub unsafe fn string_lift(bytes: Vec<u8>) -> String {
		if cfg!(debug_assertions) {
			String::from_utf8(bytes).unwrap()
		} else {
			unsafe { String::from_utf8_unchecked(bytes) }
		}
	}
	pub unsafe fn invalid_enum_discriminant<T>() -> T {
		if cfg!(debug_assertions) {
			panic!("invalid enum discriminant")
		} else {
			unsafe { core::hint::unreachable_unchecked() }
		}
	}
	pub fn as_i32<T: AsI32>(t: T) -> i32 {
		t.as_i32()
	}
	pub trait AsI32 {
		fn as_i32(self) -> i32;
	}
	impl<'a, T: Copy + AsI32> AsI32 for &'a T {
		fn as_i32(self) -> i32 {
			(*self).as_i32()
		}
	}
	impl AsI32 for i32 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for u32 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for i16 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for u16 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for i8 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for u8 {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for char {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	impl AsI32 for usize {
		#[inline]
		fn as_i32(self) -> i32 {
			self as i32
		}
	}
	pub fn as_i64<T: AsI64>(t: T) -> i64 {
		t.as_i64()
	}
	pub trait AsI64 {
		fn as_i64(self) -> i64;
	}
	impl<'a, T: Copy + AsI64> AsI64 for &'a T {
		fn as_i64(self) -> i64 {
			(*self).as_i64()
		}
	}
	impl AsI64 for i64 {
		#[inline]
		fn as_i64(self) -> i64 {
			self as i64
		}
	}
	impl AsI64 for u64 {
		#[inline]
		fn as_i64(self) -> i64 {
			self as i64
		}
	}
	pub use alloc_crate::alloc;
	pub unsafe fn cabi_dealloc(ptr: *mut u8, size: usize, align: usize) {
		if size == 0 {
			return;
		}
		unsafe {
			let layout = alloc::Layout::from_size_align_unchecked(size, align);
			alloc::dealloc(ptr, layout);
		}
	}
	use core::fmt;
	use core::marker;
	use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
	/// A type which represents a component model resource, either imported or
	/// exported into this component.
	///
	/// This is a low-level wrapper which handles the lifetime of the resource
	/// (namely this has a destructor). The `T` provided defines the component model
	/// intrinsics that this wrapper uses.
	///
	/// One of the chief purposes of this type is to provide `Deref` implementations
	/// to access the underlying data when it is owned.
	///
	/// This type is primarily used in generated code for exported and imported
	/// resources.
	#[repr(transparent)]
	pub struct Resource<T: WasmResource> {
		handle: AtomicU32,
		_marker: marker::PhantomData<T>,
	}
	/// A trait which all wasm resources implement, namely providing the ability to
	/// drop a resource.
	///
	/// This generally is implemented by generated code, not user-facing code.
	#[allow(clippy::missing_safety_doc)]
	pub unsafe trait WasmResource {
		/// Invokes the `[resource-drop]...` intrinsic.
		unsafe fn drop(handle: u32);
	}
	impl<T: WasmResource> Resource<T> {
		#[doc(hidden)]
		pub unsafe fn from_handle(handle: u32) -> Self {
			debug_assert!(handle != 0 && handle != u32::MAX);
			Self {
				handle: AtomicU32::new(handle),
				_marker: marker::PhantomData,
			}
		}
		/// Takes ownership of the handle owned by `resource`.
		///
		/// Note that this ideally would be `into_handle` taking `Resource<T>` by
		/// ownership. The code generator does not enable that in all situations,
		/// unfortunately, so this is provided instead.
		///
		/// Also note that `take_handle` is in theory only ever called on values
		/// owned by a generated function. For example a generated function might
		/// take `Resource<T>` as an argument but then call `take_handle` on a
		/// reference to that argument. In that sense the dynamic nature of
		/// `take_handle` should only be exposed internally to generated code, not
		/// to user code.
		#[doc(hidden)]
		pub fn take_handle(resource: &Resource<T>) -> u32 {
			resource.handle.swap(u32::MAX, Relaxed)
		}
		#[doc(hidden)]
		pub fn handle(resource: &Resource<T>) -> u32 {
			resource.handle.load(Relaxed)
		}
	}
	impl<T: WasmResource> fmt::Debug for Resource<T> {
		fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
			f.debug_struct("Resource").field("handle", &self.handle).finish()
		}
	}
	impl<T: WasmResource> Drop for Resource<T> {
		fn drop(&mut self) {
			unsafe {
				match self.handle.load(Relaxed) {
					u32::MAX => {}
					other => T::drop(other),
				}
			}
		}
	}
	pub unsafe fn bool_lift(val: u8) -> bool {
		if cfg!(debug_assertions) {
			match val {
				0 => false,
				1 => true,
				_ => panic!("invalid bool discriminant"),
			}
		} else {
			val != 0
		}
	}
	#[cfg(target_arch = "wasm32")]
	pub fn run_ctors_once() {
		crate::abi::run_ctors_once();
	}
	extern crate alloc as alloc_crate;
}
pub fn __link_custom_section_describing_imports() {}
