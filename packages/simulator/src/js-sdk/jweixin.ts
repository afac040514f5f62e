/** As `https://res.wx.qq.com/open/js/jweixin-1.6.0.js`, in any version. */
export const JWEIXIN_PATH = /^\/open\/js\/jweixin-\d+\.\d+\.\d+\.js$/;

/** Where the script has a page's signature verified; WeChat's app does this by itself. */
export const VERIFY_PATH = '/_jssdk/verify';

/** APIs that show or hide something in WeChat's app, and report nothing but their success. */
const SILENT_APIS = [
  'updateAppMessageShareData',
  'updateTimelineShareData',
  'onMenuShareAppMessage',
  'onMenuShareTimeline',
  'hideOptionMenu',
  'showOptionMenu',
  'hideMenuItems',
  'showMenuItems',
  'hideAllNonBaseMenuItem',
  'showAllNonBaseMenuItem',
  'previewImage',
  'openLocation',
  'closeWindow',
];

/** APIs that return what only a phone has. */
const PHONE_APIS = [
  'chooseImage',
  'uploadImage',
  'downloadImage',
  'getLocalImgData',
  'startRecord',
  'stopRecord',
  'playVoice',
  'uploadVoice',
  'downloadVoice',
  'translateVoice',
  'getNetworkType',
  'getLocation',
  'scanQRCode',
  'chooseWXPay',
  'addCard',
  'chooseCard',
  'openCard',
];

/**
 * A stand-in for WeChat's script (protocol §4.12): `wx.config` has the signature verified for the page's present URL, then calls what was
 * given to `wx.ready` or `wx.error`. APIs that are not in `jsApiList` are denied.
 */
export const JWEIXIN_SCRIPT = `(function () {
  'use strict';
  var origin = new URL(document.currentScript.src).origin;
  var ready = [], failed = [], permitted = [], state = 'new', refusal;

  function report(name, options, outcome) {
    var result = { errMsg: name + ':' + outcome };
    if (!options) return;
    var callback = outcome === 'ok' ? options.success : options.fail;
    if (callback) callback(result);
    if (options.complete) options.complete(result);
  }

  function settle(errMsg) {
    state = errMsg === 'config:ok' ? 'ok' : 'refused';
    if (state === 'refused') refusal = { errMsg: errMsg };
    var callbacks = state === 'ok' ? ready : failed;
    callbacks.forEach(function (callback) { callback(refusal); });
  }

  var wx = {
    config: function (options) {
      permitted = options.jsApiList || [];
      var query = new URLSearchParams({
        appId: options.appId || '', timestamp: options.timestamp || '', nonceStr: options.nonceStr || '',
        signature: options.signature || '', url: location.href.split('#')[0],
      });
      fetch(origin + '${VERIFY_PATH}?' + query)
        .then(function (response) { return response.json(); })
        .then(
          function (answer) {
            if (options.debug) alert(JSON.stringify(answer));
            settle(answer.errMsg);
          },
          function () { settle('config:fail, the simulated WeChat does not answer'); },
        );
    },
    ready: function (callback) { if (state === 'ok') callback(); else ready.push(callback); },
    error: function (callback) { if (state === 'refused') callback(refusal); else failed.push(callback); },
    checkJsApi: function (options) {
      var checkResult = {};
      (options.jsApiList || []).forEach(function (name) { checkResult[name] = typeof wx[name] === 'function'; });
      if (options.success) options.success({ errMsg: 'checkJsApi:ok', checkResult: checkResult });
    },
  };

  function define(names, outcome) {
    names.forEach(function (name) {
      wx[name] = function (options) {
        var may = state === 'ok' && permitted.indexOf(name) !== -1;
        report(name, options, may ? outcome : 'permission denied');
      };
    });
  }
  define(${JSON.stringify(SILENT_APIS)}, 'ok');
  define(${JSON.stringify(PHONE_APIS)}, 'fail, not simulated');

  window.wx = window.jWeixin = wx;
})();
`;
