//! The system's Kerberos library, opened when it is needed: the program starts where there is none.
#![allow(unsafe_code)]

use std::error::Error;
use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;

const LIBRARY: &str = "libgssapi_krb5.so.2";

/// `OM_uint32` of RFC 2744.
type Code = u32;
type Handle = *mut c_void;

const COMPLETE: Code = 0;
const CONTINUE_NEEDED: Code = 1;
/// Calling errors and routine errors; what is below is information.
const ERROR_MASK: Code = 0xffff_0000;
const INDEFINITE: Code = 0xffff_ffff;
const INITIATE: c_int = 1;
const GSS_CODE: c_int = 1;
const MECHANISM_CODE: c_int = 2;
const QUALITY_DEFAULT: Code = 0;

const MUTUAL: Code = 2;
const REPLAY: Code = 4;
const SEQUENCE: Code = 8;
const CONFIDENTIALITY: Code = 16;
const INTEGRITY: Code = 32;
/// All are needed: mutual authentication to know the server, the others for the protection of messages.
const FLAGS: Code = MUTUAL | REPLAY | SEQUENCE | CONFIDENTIALITY | INTEGRITY;

/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// 1.2.840.113554.1.2.2.1
const KERBEROS_PRINCIPAL: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01";
/// 1.2.840.113554.1.2.1.4
const HOST_BASED_SERVICE: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";

/// `gss_buffer_desc`
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

impl Buffer {
    fn empty() -> Self {
        Self {
            length: 0,
            value: ptr::null_mut(),
        }
    }

    /// The library reads it during one call, and does not change it.
    fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len(),
            value: bytes.as_ptr().cast_mut().cast(),
        }
    }
}

/// `gss_OID_desc`
#[repr(C)]
struct Oid {
    length: Code,
    elements: *mut c_void,
}

impl Oid {
    fn of(bytes: &'static [u8]) -> Self {
        Self {
            length: u32::try_from(bytes.len()).unwrap_or_default(),
            elements: bytes.as_ptr().cast_mut().cast(),
        }
    }
}

/// `gss_key_value_element_desc`
#[repr(C)]
struct StoreElement {
    key: *const c_char,
    value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
struct Store {
    count: Code,
    elements: *mut StoreElement,
}

type ImportName = unsafe extern "C" fn(*mut Code, *mut Buffer, *mut Oid, *mut Handle) -> Code;
type Release = unsafe extern "C" fn(*mut Code, *mut Handle) -> Code;
type ReleaseBuffer = unsafe extern "C" fn(*mut Code, *mut Buffer) -> Code;
type DeleteContext = unsafe extern "C" fn(*mut Code, *mut Handle, *mut Buffer) -> Code;
type AcquireFrom = unsafe extern "C" fn(
    *mut Code,
    Handle,
    Code,
    *mut c_void,
    c_int,
    *const Store,
    *mut Handle,
    *mut c_void,
    *mut Code,
) -> Code;
type InquireCred = unsafe extern "C" fn(
    *mut Code,
    Handle,
    *mut Handle,
    *mut Code,
    *mut c_int,
    *mut c_void,
) -> Code;
type DisplayName = unsafe extern "C" fn(*mut Code, Handle, *mut Buffer, *mut c_void) -> Code;
type InitContext = unsafe extern "C" fn(
    *mut Code,
    Handle,
    *mut Handle,
    Handle,
    *mut Oid,
    Code,
    Code,
    *mut c_void,
    *mut Buffer,
    *mut c_void,
    *mut Buffer,
    *mut Code,
    *mut Code,
) -> Code;
type Wrap = unsafe extern "C" fn(
    *mut Code,
    Handle,
    c_int,
    Code,
    *mut Buffer,
    *mut c_int,
    *mut Buffer,
) -> Code;
type Unwrap = unsafe extern "C" fn(
    *mut Code,
    Handle,
    *mut Buffer,
    *mut Buffer,
    *mut c_int,
    *mut Code,
) -> Code;
type DisplayStatus =
    unsafe extern "C" fn(*mut Code, Code, c_int, *mut Oid, *mut Code, *mut Buffer) -> Code;

/// The functions used, of a library that is never closed.
struct Gssapi {
    import_name: ImportName,
    release_name: Release,
    release_cred: Release,
    release_buffer: ReleaseBuffer,
    acquire_cred_from: AcquireFrom,
    inquire_cred: InquireCred,
    display_name: DisplayName,
    init_sec_context: InitContext,
    delete_sec_context: DeleteContext,
    wrap: Wrap,
    unwrap: Unwrap,
    display_status: DisplayStatus,
    _library: Library,
}

fn gssapi() -> Result<&'static Gssapi, String> {
    static LOADED: OnceLock<Result<Gssapi, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| load(LIBRARY));
    loaded.as_ref().map_err(Clone::clone)
}

fn load(name: &str) -> Result<Gssapi, String> {
    Gssapi::load(name).map_err(|error| {
        let reason = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        format!(
            "the Kerberos library {name} cannot be loaded ({reason}); install it: package libgssapi-krb5-2 on Debian \
             and its kin, krb5-libs on Red Hat and its kin"
        )
    })
}

impl Gssapi {
    fn load(name: &str) -> Result<Gssapi, libloading::Error> {
        // SAFETY: MIT's and Heimdal's libraries may be loaded at any time. The types of the functions are those of
        // RFC 2744 and, for the credential store, of the MIT extension. The library stays with its functions.
        unsafe {
            let library = Library::new(name)?;
            Ok(Gssapi {
                import_name: *library.get(b"gss_import_name")?,
                release_name: *library.get(b"gss_release_name")?,
                release_cred: *library.get(b"gss_release_cred")?,
                release_buffer: *library.get(b"gss_release_buffer")?,
                acquire_cred_from: *library.get(b"gss_acquire_cred_from")?,
                inquire_cred: *library.get(b"gss_inquire_cred")?,
                display_name: *library.get(b"gss_display_name")?,
                init_sec_context: *library.get(b"gss_init_sec_context")?,
                delete_sec_context: *library.get(b"gss_delete_sec_context")?,
                wrap: *library.get(b"gss_wrap")?,
                unwrap: *library.get(b"gss_unwrap")?,
                display_status: *library.get(b"gss_display_status")?,
                _library: library,
            })
        }
    }

    /// Nothing, or what the library says about an outcome.
    fn check(&self, doing: &str, major: Code, minor: Code) -> Result<(), String> {
        if major & ERROR_MASK == 0 {
            return Ok(());
        }
        let mut words = self.words(major, GSS_CODE);
        if minor != 0 {
            words.extend(self.words(minor, MECHANISM_CODE));
        }
        Err(format!("{doing}: {}", words.join(": ")))
    }

    fn words(&self, code: Code, kind: c_int) -> Vec<String> {
        let mut words = Vec::new();
        let mut more: Code = 0;
        // There are never as many; a broken library shall not hold us.
        for _ in 0..8 {
            let mut minor: Code = 0;
            let mut text = OwnedBuffer::new(self);
            let mut mechanism = Oid::of(KERBEROS);
            // SAFETY: all pointers are to live values, and `text` is released by its drop.
            let major = unsafe {
                (self.display_status)(
                    &mut minor,
                    code,
                    kind,
                    &mut mechanism,
                    &mut more,
                    &mut text.buffer,
                )
            };
            if major != COMPLETE {
                break;
            }
            words.push(String::from_utf8_lossy(text.bytes()).into_owned());
            if more == 0 {
                break;
            }
        }
        words
    }
}

/// What the library has allocated.
struct OwnedBuffer<'a> {
    buffer: Buffer,
    library: &'a Gssapi,
}

impl<'a> OwnedBuffer<'a> {
    fn new(library: &'a Gssapi) -> Self {
        Self {
            buffer: Buffer::empty(),
            library,
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.buffer.value.is_null() {
            return &[];
        }
        // SAFETY: the library has set pointer and length together; they are valid until the release in drop.
        unsafe { std::slice::from_raw_parts(self.buffer.value.cast(), self.buffer.length) }
    }
}

impl Drop for OwnedBuffer<'_> {
    fn drop(&mut self) {
        let mut minor: Code = 0;
        // SAFETY: the buffer is empty or the library's own, and is released once.
        unsafe { (self.library.release_buffer)(&mut minor, &mut self.buffer) };
    }
}

/// A name that the library has understood.
pub(super) struct Name {
    handle: Handle,
    library: &'static Gssapi,
}

impl Name {
    /// `service@host`
    pub(super) fn host_based_service(text: &str) -> Result<Name, String> {
        Self::import(text, HOST_BASED_SERVICE)
    }

    fn import(text: &str, form: &'static [u8]) -> Result<Name, String> {
        let library = gssapi()?;
        let mut name = Name {
            handle: ptr::null_mut(),
            library,
        };
        let mut minor: Code = 0;
        let mut text_buffer = Buffer::of(text.as_bytes());
        let mut form = Oid::of(form);
        // SAFETY: all pointers are to live values; the handle is released by drop.
        let major = unsafe {
            (library.import_name)(&mut minor, &mut text_buffer, &mut form, &mut name.handle)
        };
        library.check(&format!("the name {text:?} is not accepted"), major, minor)?;
        Ok(name)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let mut minor: Code = 0;
        // SAFETY: the handle is null or the library's own, and is released once.
        unsafe { (self.library.release_name)(&mut minor, &mut self.handle) };
    }
}

/// What proves who we are; without it the library takes the environment's ticket cache.
pub(super) struct Credential {
    handle: Handle,
    library: &'static Gssapi,
}

impl Credential {
    /// None when nothing in particular is asked for.
    pub(super) fn acquire(
        principal: Option<&str>,
        keytab: Option<&Path>,
        cache: Option<&str>,
    ) -> Result<Option<Credential>, String> {
        let library = gssapi()?;
        if principal.is_none() && keytab.is_none() && cache.is_none() {
            return Ok(None);
        }
        let name = principal
            .map(|principal| Name::import(principal, KERBEROS_PRINCIPAL))
            .transpose()?;
        let mut texts: Vec<(CString, CString)> = Vec::new();
        if let Some(keytab) = keytab {
            let path = keytab
                .to_str()
                .ok_or("the path of the keytab is not UTF-8")?;
            texts.push((c_text("client_keytab")?, c_text(path)?));
            if cache.is_none() {
                // Not into the user's own cache.
                texts.push((c_text("ccache")?, c_text("MEMORY:")?));
            }
        }
        if let Some(cache) = cache {
            texts.push((c_text("ccache")?, c_text(cache)?));
        }
        let mut elements: Vec<StoreElement> = texts
            .iter()
            .map(|(key, value)| StoreElement {
                key: key.as_ptr(),
                value: value.as_ptr(),
            })
            .collect();
        let store = Store {
            count: u32::try_from(elements.len()).unwrap_or_default(),
            elements: elements.as_mut_ptr(),
        };
        let mut credential = Credential {
            handle: ptr::null_mut(),
            library,
        };
        let mut minor: Code = 0;
        // SAFETY: the store's texts, the name and all else pointed to live until after the call.
        let major = unsafe {
            (library.acquire_cred_from)(
                &mut minor,
                name.as_ref().map_or(ptr::null_mut(), |name| name.handle),
                INDEFINITE,
                ptr::null_mut(),
                INITIATE,
                &store,
                &mut credential.handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        library.check("there are no usable credentials", major, minor)?;
        Ok(Some(credential))
    }

    /// What the environment has: a ticket cache or a client's keytab.
    pub(super) fn of_environment() -> Result<Credential, String> {
        let library = gssapi()?;
        let mut credential = Credential {
            handle: ptr::null_mut(),
            library,
        };
        let mut minor: Code = 0;
        // SAFETY: what is null is what is left open; all else points to live values.
        let major = unsafe {
            (library.acquire_cred_from)(
                &mut minor,
                ptr::null_mut(),
                INDEFINITE,
                ptr::null_mut(),
                INITIATE,
                ptr::null(),
                &mut credential.handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        library.check("there are no usable credentials", major, minor)?;
        Ok(credential)
    }

    /// Whose they are: `user@REALM`.
    pub(super) fn principal(&self) -> Result<String, String> {
        let library = self.library;
        let mut name = Name {
            handle: ptr::null_mut(),
            library,
        };
        let mut minor: Code = 0;
        // SAFETY: what is null is not asked for; all else points to live values, released by their drop.
        let major = unsafe {
            (library.inquire_cred)(
                &mut minor,
                self.handle,
                &mut name.handle,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        library.check("the credentials name nobody", major, minor)?;
        let mut text = OwnedBuffer::new(library);
        // SAFETY: as above.
        let major = unsafe {
            (library.display_name)(&mut minor, name.handle, &mut text.buffer, ptr::null_mut())
        };
        library.check("the credentials' name cannot be shown", major, minor)?;
        Ok(String::from_utf8_lossy(text.bytes()).into_owned())
    }
}

fn c_text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} has a zero byte"))
}

impl Drop for Credential {
    fn drop(&mut self) {
        let mut minor: Code = 0;
        // SAFETY: the handle is null or the library's own, and is released once.
        unsafe { (self.library.release_cred)(&mut minor, &mut self.handle) };
    }
}

/// Our side of an authentication, and then of protected messages.
pub(super) struct Context {
    handle: Handle,
    is_complete: bool,
    target: Name,
    credential: Option<Credential>,
}

// SAFETY: the library's handles may be used from any thread, by one at a time; they are used through `&mut self` only.
unsafe impl Send for Context {}

impl Context {
    pub(super) fn new(target: Name, credential: Option<Credential>) -> Self {
        Self {
            handle: ptr::null_mut(),
            is_complete: false,
            target,
            credential,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Takes what the other side has sent, gives what it is to get; may ask the key distribution centre.
    pub(super) fn step(&mut self, received: Option<&[u8]>) -> Result<Vec<u8>, String> {
        let library = self.target.library;
        let mut received = Buffer::of(received.unwrap_or_default());
        let mut token = OwnedBuffer::new(library);
        let mut mechanism = Oid::of(KERBEROS);
        let (mut minor, mut flags): (Code, Code) = (0, 0);
        let credential = self.credential.as_ref();
        // SAFETY: all pointers are to live values; what the library allocates is released by drop.
        let major = unsafe {
            (library.init_sec_context)(
                &mut minor,
                credential.map_or(ptr::null_mut(), |credential| credential.handle),
                &mut self.handle,
                self.target.handle,
                &mut mechanism,
                FLAGS,
                INDEFINITE,
                ptr::null_mut(),
                &mut received,
                ptr::null_mut(),
                &mut token.buffer,
                &mut flags,
                ptr::null_mut(),
            )
        };
        library.check(
            "Kerberos (is there a ticket? see klist and kinit)",
            major,
            minor,
        )?;
        self.is_complete = major & CONTINUE_NEEDED == 0;
        if self.is_complete && flags & FLAGS != FLAGS {
            return Err(
                "the server's Kerberos lacks mutual authentication or protection".to_owned(),
            );
        }
        Ok(token.bytes().to_vec())
    }

    pub(super) fn wrap(&mut self, plain: &[u8], is_private: bool) -> Result<Vec<u8>, String> {
        let library = self.target.library;
        let mut plain = Buffer::of(plain);
        let mut token = OwnedBuffer::new(library);
        let (mut minor, mut was_private): (Code, c_int) = (0, 0);
        // SAFETY: all pointers are to live values; what the library allocates is released by drop.
        let major = unsafe {
            (library.wrap)(
                &mut minor,
                self.handle,
                c_int::from(is_private),
                QUALITY_DEFAULT,
                &mut plain,
                &mut was_private,
                &mut token.buffer,
            )
        };
        library.check("a message cannot be protected", major, minor)?;
        if is_private && was_private == 0 {
            return Err("the library does not encrypt, as agreed".to_owned());
        }
        Ok(token.bytes().to_vec())
    }

    /// The message, and whether it was encrypted.
    pub(super) fn unwrap(&mut self, token: &[u8]) -> Result<(Vec<u8>, bool), String> {
        let library = self.target.library;
        let mut token = Buffer::of(token);
        let mut plain = OwnedBuffer::new(library);
        let (mut minor, mut was_private): (Code, c_int) = (0, 0);
        // SAFETY: all pointers are to live values; what the library allocates is released by drop.
        let major = unsafe {
            (library.unwrap)(
                &mut minor,
                self.handle,
                &mut token,
                &mut plain.buffer,
                &mut was_private,
                ptr::null_mut(),
            )
        };
        library.check("a message has been altered on its way", major, minor)?;
        Ok((plain.bytes().to_vec(), was_private != 0))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor: Code = 0;
        // SAFETY: the handle is the library's own, and is deleted once; no last token is asked for.
        unsafe {
            (self.target.library.delete_sec_context)(&mut minor, &mut self.handle, ptr::null_mut())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_an_error_with_a_remedy() {
        let missing = "libalidade-surely-missing.so";
        let error = load(missing).err().unwrap();
        assert!(error.contains(missing), "{error}");
        assert!(error.contains("No such file"), "{error}");
        assert!(error.contains("libgssapi-krb5-2"), "{error}");
    }
}
